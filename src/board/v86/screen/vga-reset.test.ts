import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareV86 } from '../../../../test/guests/bare-v86.ts'
import { ScreenCapture } from './screen-capture.ts'
import type { VgaMachine } from './vga-device.ts'
import { VgaPowerOnState } from './vga-reset.ts'

type Machine = VgaMachine & {
  readonly v86: { readonly cpu: { readonly io: { port_write16(port: number, value: number): void } } }
}

test('a reset takes the VGA out of every mode, and leaves its memory alone', async (t) => {
  const machine = await bareV86<Machine>(t)
  const { io, devices } = machine.v86.cpu
  const capture = new ScreenCapture({ machine, now: () => 0, vgaBios: undefined })
  const powerOn = new VgaPowerOnState(devices.vga)
  for (const [index, value] of [
    [1, 320],
    [2, 200],
    [3, 8],
    [4, 0x81],
  ] as const) {
    io.port_write16(0x1ce, index)
    io.port_write16(0x1cf, value)
  }
  assert.equal(capture.picture().width, 320)
  devices.vga.vga_memory[5] = 42

  powerOn.restore()
  assert.equal(devices.vga.svga_enabled, false)
  assert.equal(capture.text(), undefined)
  const { width, height, rgb } = capture.picture()
  assert.deepEqual([width, height], [320, 200], 'black in the size of the last mode')
  assert.ok(rgb.every((byte) => byte === 0))
  assert.equal(devices.vga.vga_memory[5], 42)
})
