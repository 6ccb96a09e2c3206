import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareV86 } from '../../../../test/guests/bare-v86.ts'
import { patchVgaPorts, type VgaPortsMachine } from './vga-ports.ts'

const crtcIndex = 0x3d4
const monochromeCrtcIndex = 0x3b4
const cursorLow = 0x0f

interface Ports {
  port_read8(port: number): number
  port_write8(port: number, value: number): void
  port_write16(port: number, value: number): void
}

type Machine = VgaPortsMachine & {
  readonly v86: {
    readonly cpu: {
      readonly io: Ports
      readonly devices: { readonly vga: { graphical_mode: boolean; attribute_controller_index: number } }
    }
  }
}

test('the retrace bit changes with every reading of the status, in graphics modes too', async (t) => {
  const patient = await bareV86<Machine>(t)
  const { io, devices } = patient.v86.cpu
  devices.vga.graphical_mode = true
  const readings = (): number[] => [1, 2, 3, 4].map(() => io.port_read8(0x3da) & 8)
  readings()
  assert.deepEqual(readings(), [0, 0, 0, 0], 'v86 has learnt it: this part of the patch can go')

  patchVgaPorts(patient)
  assert.equal(io.port_read8(0x3da), 0xff, 'until the firmware has chosen colour')
  io.port_write8(0x3c2, 0x67)
  const patched = readings()
  assert.deepEqual(patched, [patched[0], patched[0]! ^ 8, patched[0], patched[0]! ^ 8])

  // The attribute controller's port takes an index after a reading, as before.
  io.port_write8(0x3c0, 0x11)
  assert.equal(devices.vga.attribute_controller_index, 0x11)
  io.port_read8(0x3da)
  assert.equal(devices.vga.attribute_controller_index, -1)
})

test('the CRTC answers at the address that the miscellaneous output register chooses, and not at the other', async (t) => {
  const patient = await bareV86<Machine>(t)
  const { io } = patient.v86.cpu
  const cursor = (index: number): number => {
    io.port_write8(index, cursorLow)
    return io.port_read8(index + 1)
  }
  io.port_write16(crtcIndex, 0x1200 | cursorLow)
  assert.equal(cursor(monochromeCrtcIndex), 0x12, 'v86 has learnt it: this part of the patch can go')

  patchVgaPorts(patient)
  for (const [miscellaneous, chosen, other] of [
    [0x67, crtcIndex, monochromeCrtcIndex],
    [0x66, monochromeCrtcIndex, crtcIndex],
  ] as const) {
    io.port_write8(0x3c2, miscellaneous)
    io.port_write16(chosen, 0x3400 | cursorLow)
    io.port_write16(other, 0x5600 | cursorLow)
    assert.equal(cursor(chosen), 0x34)
    assert.equal(cursor(other), 0xff)
  }
})
