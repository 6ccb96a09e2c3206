import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { bareV86 } from '../../../../test/guests/bare-v86.ts'
import type { V86Cpu, V86Emulator } from '../v86-internals.ts'
import { readInterruptControllers } from './interrupt-state.ts'
import { LineRises } from './line-rises.ts'

/** The CPU, and its instruction that writes a byte to a port: v86 keeps these controllers away from its table of ports. */
async function machine(t: TestContext): Promise<{ cpu: V86Cpu; out: (port: number, value: number) => void }> {
  const { cpu } = (await bareV86<V86Emulator>(t)).v86
  const { instr_EE: out } = cpu.wm.exports as unknown as { instr_EE(): void }
  return {
    cpu,
    out: (port, value) => {
      cpu.reg32[0] = value
      cpu.reg32[2] = port
      out()
    },
  }
}

test('what a guest writes to its interrupt controllers is found in their state', async (t) => {
  const { cpu, out } = await machine(t)
  for (const [first, base, line] of [
    [0x20, 0x30, 4],
    [0xa0, 0x38, 2],
  ] as const) {
    out(first, 0x11)
    for (const word of [base, line, 1]) out(first + 1, word)
  }
  out(0x21, 0xf8)
  out(0xa1, 0x3d)
  out(0x20, 0x0b) // reads show what is in service
  out(0x4d1, 0x0c)
  cpu.device_raise_irq(9)
  const { pics } = readInterruptControllers(cpu, [])
  assert.deepEqual(pics, [
    { requested: 4, masked: 0xf8, inService: 0, base: 0x30, readsInService: true, levelTriggered: 0 },
    { requested: 2, masked: 0x3d, inService: 0, base: 0x38, readsInService: false, levelTriggered: 0x0c },
  ])
})

test('the state of the APICs is taken from where v86 has it', async (t) => {
  const { cpu } = await machine(t)
  const apic = new Uint32Array(46).map((_, index) => 0x100 + index)
  const ioApic = new Uint32Array(52).map((_, index) => 0x200 + index)
  const given = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer)
  const reader = { ...cpu, get_state_pic: () => cpu.get_state_pic() }
  const state = readInterruptControllers(
    { ...reader, get_state_apic: () => given(apic), get_state_ioapic: () => given(ioApic) } as V86Cpu,
    [],
  )
  const { localApic } = state
  assert.deepEqual(
    [localApic.id, localApic.timerDivider, localApic.timerInitial, localApic.timerCurrent, localApic.timer],
    [0x100, 0x101, 0x103, 0x104, 0x108],
  )
  assert.deepEqual([localApic.lint0, localApic.spurious, localApic.thermal], [0x10a, 0x128, 0x12d])
  assert.equal(state.ioApic.redirections[2], 0x21a_00000202n)
  assert.deepEqual([state.ioApic.selected, state.ioApic.id, state.ioApic.requested], [0x230, 0x231, 0x232])
})

test('each rise of a line counts, however long it stays up', async (t) => {
  const { cpu } = await machine(t)
  const { counts } = new LineRises(cpu)
  cpu.device_raise_irq(5)
  cpu.device_raise_irq(5)
  cpu.device_lower_irq(5)
  cpu.device_lower_irq(5)
  cpu.device_raise_irq(5)
  cpu.device_raise_irq(15)
  assert.deepEqual([counts[5], counts[15], counts[0]], [2, 1, 0])
})
