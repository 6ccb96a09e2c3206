/** Who is told what changes, viewers of VNC too, sees what a full capture shows, through every kind of video mode. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoardWitness } from '../../src/board/board-witness.ts'
import { createBoard, findFirmware, type Medium } from '../../src/board/index.ts'
import { PictureCopy, ScreenFeed } from '../../src/display/index.ts'
import { silent } from '../../src/log/index.ts'
import { WatchingViewers } from '../vnc/watching-viewers.ts'
import { noDevices } from './no-devices.ts'
import { videoModes, videoModesFloppy } from './video-modes.ts'

function floppyOf(image: Uint8Array): Medium {
  return {
    byteLength: image.length,
    readOnly: true,
    read: async (offset, length) => image.slice(offset, offset + length),
    write: async () => assert.fail('the floppy is read-only'),
    flush: async () => undefined,
  }
}

test('rectangles of what has changed give the picture of a full capture, in every video mode and between them', {
  timeout: 300_000,
}, async (t) => {
  const witness = new BoardWitness()
  const board = await createBoard(
    'v86',
    {
      ramBytes: 16 << 20,
      firmware: await findFirmware({ bios: undefined, folders: [] }, silent),
      bootOrder: 'a',
      drives: [{ slot: { bus: 'floppy', unit: 0 }, kind: 'floppy', medium: floppyOf(videoModesFloppy()) }],
      serialPorts: 1,
      vga: true,
    },
    witness,
    noDevices,
  )
  t.after(() => board.close())
  await using viewers = await WatchingViewers.open(board.screen)
  const feed = new ScreenFeed({ console: board.screen })
  const late = new ScreenFeed({ console: board.screen })
  const [seen, seenLate] = [new PictureCopy(), new PictureCopy()]
  let partial = 0
  for (const [index, mode] of videoModes.entries()) {
    await board.resume()
    for (let heard = false; !heard; heard = witness.received > index) {
      const changes = await feed.look()
      if (!changes.whole && changes.rectangles.length > 0) partial++
      seen.apply(changes)
    }
    await board.pause() // so that nothing changes between the two looks, not even the cursor
    seen.apply(await feed.look())
    const { width, height, rgb } = await board.screen.capture()
    assert.deepEqual([seen.width, seen.height], [width, height], mode)
    assert.ok(Buffer.compare(seen.rgb, rgb) === 0, mode)
    await viewers.agree({ width, height, rgb })
    if (index % 5 === 0) {
      seenLate.apply(await late.look())
      assert.ok(Buffer.compare(seenLate.rgb, rgb) === 0, `${mode}, for one who seldom looks`)
    }
    await board.serial[0]!.write(Uint8Array.of(0x2e))
  }
  assert.ok(viewers.updates > 5 * videoModes.length, `${viewers.updates} updates`)
  assert.ok(partial > 0, 'not every change was a whole picture')
})
