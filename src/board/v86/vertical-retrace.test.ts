import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { V86 } from 'v86'
import { patchVerticalRetrace, type RetraceMachine } from './vertical-retrace.ts'

type Machine = RetraceMachine & {
  readonly v86: {
    readonly cpu: {
      readonly io: { port_read8(port: number): number; port_write8(port: number, value: number): void }
      readonly devices: { readonly vga: { graphical_mode: boolean; attribute_controller_index: number } }
    }
  }
}

test('the retrace bit changes with every reading of the status, in graphics modes too', async (t) => {
  const wasm_path = fileURLToPath(new URL('v86.wasm', import.meta.resolve('v86')))
  const emulator = new V86({ wasm_path, autostart: false, memory_size: 1 << 20, vga_memory_size: 1 << 20 })
  t.after(() => emulator.destroy())
  await new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()))
  const machine = emulator as unknown as Machine
  const { io, devices } = machine.v86.cpu
  devices.vga.graphical_mode = true

  const readings = (): number[] => [1, 2, 3, 4].map(() => io.port_read8(0x3da) & 8)
  readings()
  assert.deepEqual(readings(), [0, 0, 0, 0], 'v86 has learnt it: the patch can go')

  patchVerticalRetrace(machine)
  const patched = readings()
  assert.deepEqual(patched, [patched[0], patched[0]! ^ 8, patched[0], patched[0]! ^ 8])

  // The attribute controller's port takes an index after a reading, as before.
  io.port_write8(0x3c0, 0x11)
  assert.equal(devices.vga.attribute_controller_index, 0x11)
  io.port_read8(0x3da)
  assert.equal(devices.vga.attribute_controller_index, -1)
})
