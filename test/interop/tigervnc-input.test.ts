/** What is typed and pointed at in TigerVNC's viewer arrives in the guest: each key in its turn, the pointer where it stands. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { portPuppetFloppy } from '../guests/port-puppet.ts'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { Guest, vmon } from './guest.ts'
import { PortPuppet } from './port-puppet.ts'
import { difference } from './ppm-picture.ts'
import { ScreenReader } from './screen-text.ts'
import { ViewerScreen } from './viewer-screen.ts'
import { VmwareMouse } from './vmware-mouse.ts'

const vgaBios = '/usr/share/seabios/vgabios-stdvga.bin'
const grub = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
const skip =
  missingFile(vgaBios, 'seabios') ||
  missingFile(grub, 'grub-rescue-pc') ||
  ['Xvfb', 'xtigervncviewer', 'xdotool'].map((name) => missingProgram(name)).find(Boolean) ||
  false
const display = '127.0.0.1:6000,to=6999'

/** TigerVNC's viewer of a machine, over the whole of a screen. */
async function viewerOf(guest: Guest): Promise<readonly [string, ...string[]]> {
  const { service } = (await guest.execute('query-vnc')) as { service: string }
  return ['xtigervncviewer', '-Shared', '-FullScreen', '-SecurityTypes', 'None', `127.0.0.1::${service}`]
}

test('text that is typed in TigerVNC stands in GRUB as it was typed', { skip, timeout: 300_000 }, async ({
  signal,
}) => {
  await using guest = await Guest.start(vmon, ['-cdrom', grub, '-boot', 'd', '-vnc', display], signal)
  const reader = new ScreenReader(await readFile(vgaBios))
  await guest.execute('cont')
  await guest.pictureWhere((picture) => reader.shows(picture, 'will be executed automatically in'))
  await guest.press(['c'])
  const expected = await guest.pictureWhere((picture) => reader.shows(picture, 'grub>'))
  await using screen = await ViewerScreen.open(expected)
  const shown = (picture: typeof expected): boolean => difference(expected, picture) === undefined
  await screen.show(await viewerOf(guest), shown, signal, async () => {
    const text = 'The quick brown fox jumps over 13 lazy DOGS: (a+b)*[c-d]/{e} = f@g.h, "i"!'
    await screen.use('type', '--delay', '20', text)
    await guest.pictureWhere((picture) => reader.shows(picture, text))
  })
})

test('a click in TigerVNC arrives where the pointer stands', { skip, timeout: 300_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-tigervnc-'))
  t.after(() => rm(folder, { recursive: true }))
  const floppy = join(folder, 'guest.img')
  await writeFile(floppy, portPuppetFloppy())
  const boot = ['-drive', `if=floppy,format=raw,readonly=on,file=${floppy}`, '-boot', 'a']
  await using guest = await Guest.start(vmon, [...boot, '-vnc', display], t.signal)
  await guest.execute('cont')
  await guest.receive(Buffer.from('.'))
  const mouse = new VmwareMouse(new PortPuppet(guest))
  await mouse.enable()
  const { width, height } = await guest.picture()
  await using screen = await ViewerScreen.open({ width, height })
  const shown = async (picture: Parameters<typeof difference>[0]): Promise<boolean> =>
    difference(await guest.picture(), picture) === undefined
  await screen.show(await viewerOf(guest), shown, t.signal, async () => {
    // Without a window manager the viewer tells where the pointer is when a button goes down.
    for (const [x, y] of [
      [40, 30],
      [width - 1, height - 1],
      [0, 0],
      [311, 207],
    ] as const) {
      await screen.use('mousemove', `${x}`, `${y}`, 'click', '1')
      const wanted = { x: 2 * Math.floor((x * 0x7fff) / width), y: 2 * Math.floor((y * 0x7fff) / height) }
      let said = await mouse.report()
      while (said.buttons === 0) said = await mouse.report()
      assert.deepEqual(said, { buttons: 0x20, ...wanted })
    }
  })
})
