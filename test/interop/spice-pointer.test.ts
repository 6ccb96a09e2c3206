/** The pointer of a SPICE client that others wrote arrives in a guest where it stands. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { portPuppetFloppy } from '../guests/port-puppet.ts'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { Guest, vmon } from './guest.ts'
import { PortPuppet } from './port-puppet.ts'
import { placeOf } from './ppm-picture.ts'
import { ViewerScreen } from './viewer-screen.ts'
import { VmwareMouse } from './vmware-mouse.ts'

const programs = ['remote-viewer', 'Xvfb', 'xdotool']
const skip =
  missingFile('/usr/share/seabios/vgabios-stdvga.bin', 'seabios') ||
  programs.map((name) => missingProgram(name)).find(Boolean) ||
  false

test("remote-viewer's pointer arrives where it stands, and so does a click", { skip, timeout: 300_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-spice-pointer-'))
  t.after(() => rm(folder, { recursive: true }))
  const floppy = join(folder, 'guest.img')
  await writeFile(floppy, portPuppetFloppy())
  const boot = ['-drive', `if=floppy,format=raw,readonly=on,file=${floppy}`, '-boot', 'a']
  const spice = ['-spice', `unix=on,addr=${join(folder, 'spice.sock')},disable-ticketing=on`]
  await using guest = await Guest.start(vmon, [...boot, ...spice], t.signal)
  await guest.execute('cont')
  await guest.receive(Buffer.from('.'))
  const mouse = new VmwareMouse(new PortPuppet(guest))
  await mouse.enable()
  const { width, height, ...picture } = await guest.picture()
  let place: { x: number; y: number } | undefined
  await using screen = await ViewerScreen.open({ width: 1024, height: 768 })
  const viewer = ['remote-viewer', `spice+unix://${join(folder, 'spice.sock')}`] as const
  const shows = async (shown: Parameters<typeof placeOf>[0]): Promise<boolean> => {
    place = placeOf(shown, { width, height, ...picture })
    const { 'mouse-mode': mode } = (await guest.execute('query-spice')) as { 'mouse-mode': string }
    return place !== undefined && mode === 'client'
  }
  await screen.show(viewer, shows, t.signal, async () => {
    const pointAt = async (x: number, y: number): Promise<void> => {
      await screen.use('mousemove', `${place!.x + x}`, `${place!.y + y}`)
      const wanted = { x: 2 * Math.floor((x * 0x7fff) / width), y: 2 * Math.floor((y * 0x7fff) / height) }
      // On its way it may have been elsewhere.
      for (let said = await mouse.report(); said.x !== wanted.x || said.y !== wanted.y; ) said = await mouse.report()
    }
    for (const [x, y] of [[40, 30], [width - 1, height - 1], [0, 0], [311, 207]] as const) await pointAt(x, y) // biome-ignore format: one line
    await screen.use('click', '1')
    const left = [await mouse.report(), await mouse.report()].map(({ buttons }) => buttons)
    assert.deepEqual(left, [0x20, 0])
  })
})
