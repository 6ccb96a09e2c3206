import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assemble } from '../../../../guests/assembler.ts'
import {
  enablePower,
  in8,
  out8,
  out16,
  powerPorts,
  send,
  sendAl,
  tripleFault,
} from '../../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../../test/guests/guest-board.ts'
import { ProbeBoard } from '../../../../test/guests/probe-board.ts'
import { callCode, poke } from '../../../../test/guests/probe-guest.ts'

const timeout = 60_000

for (const [way, code] of [
  ['a triple fault', tripleFault],
  ['the keyboard controller', out8(0x64, 0xfe)],
  ['port CF9', [...out8(0xcf9, 0x02), ...out8(0xcf9, 0x06)]],
  ['port 92', out8(0x92, 0x01)],
] as const) {
  test(`a guest that resets through ${way} stands still until it is reset, and starts again then`, {
    timeout,
  }, async (t) => {
    const { board, witness } = await guestBoard(t, [...send('<'), ...code, ...send('>')])
    await board.resume()
    await witness.told(1)
    assert.deepEqual(witness.notices, ['guestReset'])
    assert.equal(board.state, 'paused')
    await board.registers()
    assert.equal(String(witness.serial), '<', 'nothing behind the reset has run')
    await board.reset()
    assert.equal((await board.registers()).eip, 0xfff0)
    assert.equal(board.state, 'paused')
    await board.resume()
    await witness.told(2)
    assert.equal(String(witness.serial), '<<')
  })
}

for (const [way, port, value, notice] of [
  ['switches the power off', powerPorts + 4, 0x2001, 'guestShutdown'],
  ['resets itself', 0x64, 0xfefe, 'guestReset'],
] as const) {
  test(`a guest that ${way} many times with one instruction does it once`, { timeout }, async (t) => {
    const times = 200
    const { board, witness } = await guestBoard(t, [
      ...[...enablePower, ...send('<')],
      ...[0xfc, 0xbf, 0x00, 0x10, 0xb8, value & 0xff, value >> 8, 0xb9, times, 0, 0x8c, 0xda, 0x8e, 0xc2], // cld; mov di, 1000h; mov ax, value; mov cx, times; mov es, ds
      ...[0xf3, 0xab], // rep stosw
      ...[0xba, port & 0xff, port >> 8, 0xbe, 0x00, 0x10, 0xb9, times, 0], // mov dx, port; mov si, 1000h; mov cx, times
      ...[0xf3, notice === 'guestReset' ? 0x6e : 0x6f], // rep outsb or outsw
      ...send('>'),
    ])
    await board.resume()
    await witness.told(1)
    await board.registers()
    assert.deepEqual(witness.notices, [notice])
    assert.equal(board.state, 'paused')
    assert.equal(String(witness.serial), '<')
    await board.reset()
    await board.resume()
    await witness.told(2)
    assert.deepEqual(witness.notices, [notice, notice])
  })
}

test('port 92 keeps what is written, but for the bit that resets', { timeout }, async (t) => {
  const { board, witness } = await guestBoard(t, [...out8(0x92, 0x02), ...in8(0x92), ...sendAl])
  await board.resume()
  assert.deepEqual([...(await witness.heard(1))], [0x02])
})

for (const [name, value, notice] of [
  ['switches the power off', 0x2001, 'guestShutdown'],
  ['switches the power off without ACPI', 0x2000, 'guestShutdown'],
  ['goes to sleep', 0x2401, 'guestSuspend'],
  ['wants to hibernate', 0x2801, 'guestSuspend'],
] as const) {
  test(`a guest that ${name} stands still`, { timeout }, async (t) => {
    const { board, witness } = await guestBoard(t, [
      ...[...enablePower, ...send('<')],
      ...[...out16(powerPorts + 4, value), ...send('>')],
    ])
    await board.resume()
    await witness.told(1)
    assert.deepEqual(witness.notices, [notice])
    assert.equal(board.state, 'paused')
    await board.registers()
    assert.equal(String(witness.serial), '<')
  })
}

test('a guest whose faults fault makes the CPU give up', { timeout }, async (t) => {
  const probe = await ProbeBoard.start(t)
  const directory = 0x100000
  const code = assemble(0x9000, (asm) => {
    asm.bits32()
    asm.mov('eax', directory)
    asm.movToControl(3, 'eax')
    asm.movFromControl('eax', 0)
    asm.op('or', 'eax', 0x80000000)
    asm.movToControl(0, 'eax') // nothing is mapped from here on, neither the code nor any table
  })
  await probe.ask(...[...code].map((byte, index) => poke(0x9000 + index, 1, byte)))
  void probe.ask(callCode(0x9000))
  await probe.witness.told(1)
  assert.deepEqual(probe.witness.notices, ['guestReset'])
})

test('a guest that asks for a kind of sleep that there is not goes on', { timeout }, async (t) => {
  const types = [3, 4, 5, 6, 7].flatMap((type) => out16(powerPorts + 4, 0x2000 | (type << 10)))
  const { board, witness } = await guestBoard(t, [...enablePower, ...types, ...send('>')])
  await board.resume()
  assert.equal(String(await witness.heard(1)), '>')
  assert.deepEqual(witness.notices, [])
})
