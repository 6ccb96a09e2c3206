import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareV86 } from '../../../../test/guests/bare-v86.ts'
import { patchVbeVirtualWidth, type VbeMachine } from './vbe-virtual-width.ts'

interface Ports {
  port_read16(port: number): number
  port_write16(port: number, value: number): void
}

type Machine = VbeMachine & { readonly v86: { readonly cpu: { readonly io: Ports } } }

const register = { width: 1, height: 2, depth: 3, enable: 4, virtualWidth: 6, virtualHeight: 7 } as const

test('lines may be longer in memory than on the screen, until the next mode', async (t) => {
  const patient = await bareV86<Machine>(t)
  const { io } = patient.v86.cpu
  const write = (index: number, value: number): void => {
    io.port_write16(0x1ce, index)
    io.port_write16(0x1cf, value)
  }
  const read = (index: number): number => {
    io.port_write16(0x1ce, index)
    return io.port_read16(0x1cf)
  }
  const setMode = (): void => {
    write(register.enable, 0)
    write(register.width, 320)
    write(register.height, 200)
    write(register.depth, 16)
    write(register.enable, 0x81)
  }
  setMode()
  write(register.virtualWidth, 512)
  assert.equal(read(register.virtualWidth), 320, 'v86 has learnt it: the patch can go')

  patchVbeVirtualWidth(patient)
  assert.equal(read(register.virtualWidth), 320)
  write(register.virtualWidth, 512)
  assert.equal(read(register.virtualWidth), 512)
  assert.equal(read(register.virtualHeight), (1 << 20) / (512 * 2))
  write(register.virtualWidth, 100)
  assert.equal(read(register.virtualWidth), 320, 'a line is never shorter than the screen is wide')
  write(register.virtualWidth, 512)
  setMode()
  assert.equal(read(register.virtualWidth), 320)
  assert.equal(read(register.width), 320)
})
