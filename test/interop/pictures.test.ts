import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { videoModes, videoModesFloppy } from '../guests/video-modes.ts'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { Guest, qemu, vmon } from './guest.ts'
import { difference, type PpmPicture } from './ppm-picture.ts'
import { ScreenReader } from './screen-text.ts'

const vgaBios = '/usr/share/seabios/vgabios-stdvga.bin'
const grub = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
const noPeer = missingProgram(qemu[0]!) || missingFile(vgaBios, 'seabios')

/** The same machine as QEMU and as vmon. */
function both(options: readonly string[], signal: AbortSignal): Promise<[Guest, Guest]> {
  return Promise.all([Guest.start(qemu, options, signal), Guest.start(vmon, options, signal)])
}

function assertEqual(theirs: PpmPicture, ours: PpmPicture, what: string): void {
  assert.deepEqual([ours.width, ours.height], [theirs.width, theirs.height], what)
  assert.equal(difference(theirs, ours), undefined, what)
}

/** Waits for the two guests to have drawn all that they are about to draw. */
async function assertBecomeEqual(theirs: Guest, ours: Guest, what: string): Promise<void> {
  for (let attempts = 100; attempts > 0; attempts--) {
    if (difference(await theirs.picture(), await ours.picture()) === undefined) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assertEqual(await theirs.picture(), await ours.picture(), what)
}

test('before the guest has run, the picture is that of QEMU', { skip: noPeer }, async ({ signal }) => {
  const [theirs, ours] = await both([], signal)
  await using _theirs = theirs
  await using _ours = ours
  assertEqual(await theirs.picture(), await ours.picture(), 'prelaunch')
})

test('in every video mode the picture is that of QEMU, pixel by pixel', { skip: noPeer }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-pictures-'))
  t.after(() => rm(folder, { recursive: true }))
  const floppy = join(folder, 'modes.img')
  await writeFile(floppy, videoModesFloppy())
  const options = ['-drive', `if=floppy,format=raw,readonly=on,file=${floppy}`, '-boot', 'a']
  const [theirs, ours] = await both(options, t.signal)
  await using _theirs = theirs
  await using _ours = ours
  const guests = [theirs, ours]
  await Promise.all(guests.map((guest) => guest.execute('cont')))
  for (const mode of videoModes) {
    await Promise.all(guests.map((guest) => guest.receive(Buffer.from('.'))))
    assertEqual(await theirs.picture(), await ours.picture(), mode)
    for (const guest of guests) guest.sendSerial('.')
  }
})

test("GRUB's menu and shell look as in QEMU, and take the keys", {
  skip: noPeer || missingFile(grub, 'grub-rescue-pc'),
}, async ({ signal }) => {
  const reader = new ScreenReader(await readFile(vgaBios))
  const [theirs, ours] = await both(['-cdrom', grub, '-boot', 'd'], signal)
  await using _theirs = theirs
  await using _ours = ours
  const guests = [theirs, ours]
  const until = (wanted: (picture: PpmPicture) => boolean): Promise<PpmPicture[]> =>
    Promise.all(guests.map((guest) => guest.pictureWhere(wanted)))

  await Promise.all(guests.map((guest) => guest.execute('cont')))
  await until((picture) => reader.shows(picture, 'will be executed automatically in'))

  // A key stops the countdown, in which the pictures would differ.
  await Promise.all(guests.map((guest) => guest.press(['down'])))
  await until(
    (picture) =>
      reader.shows(picture, '*GNU (aka GNU/Hurd)') && !reader.shows(picture, 'will be executed automatically'),
  )
  await assertBecomeEqual(theirs, ours, 'menu')

  await Promise.all(guests.map((guest) => guest.press(['c'])))
  await until((picture) => reader.shows(picture, 'grub> '))
  for (const key of ['e', 'c', 'h', 'o', 'spc', 'shift+v', 'm', 'o', 'n', 'ret']) {
    await Promise.all(guests.map((guest) => guest.press(key.split('+'))))
  }
  const [theirShell, ourShell] = await until((picture) => {
    const lines = reader.read(picture).map((line) => line.trimEnd())
    return lines.includes('Vmon') && lines.at(lines.indexOf('Vmon') + 1) === 'grub>'
  })
  assert.deepEqual(reader.read(ourShell!), reader.read(theirShell!))
  // The cursor blinks: each picture shows or hides it. It fills two lines of one cell.
  const area = difference(theirShell!, ourShell!) ?? { left: 0, top: 0, right: 0, bottom: 0 }
  assert.ok(area.right - area.left < 9 && area.bottom - area.top < 2, JSON.stringify(area))
})
