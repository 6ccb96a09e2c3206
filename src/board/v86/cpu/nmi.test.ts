import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forever, send, tripleFault } from '../../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../../test/guests/guest-board.ts'

/** The handler lies at 0000:0600: `mov dx, 3F8h; mov al, 'N'; out dx, al; iret`. */
const handler = [0xba, 0xf8, 0x03, 0xb0, 0x4e, 0xee, 0xcf]

for (const [state, rest] of [
  ['halts', forever(0xf4)],
  ['runs', forever(0x90)],
] as const) {
  test(`an NMI reaches a guest in real mode that ${state} with interrupts off`, { timeout: 300_000 }, async (t) => {
    const { board, witness } = await guestBoard(t, [...send('>'), ...rest])
    await board.writePhysical(2 * 4, Uint8Array.of(0x00, 0x06, 0x00, 0x00))
    await board.writePhysical(0x600, Uint8Array.from(handler))
    await board.resume()
    for (let count = 1; count <= 5; count++) {
      await witness.heard(count)
      await board.injectNmi()
    }
    assert.equal(String(await witness.heard(6)), '>NNNNN')
  })
}

test('NMIs that come at once reach the guest one after the other', { timeout: 300_000 }, async (t) => {
  const { board, witness } = await guestBoard(t, [...send('>'), ...forever(0x90)])
  // As the other handler, but between `N` and `n` it spins: xor cx, cx; again: loop again.
  const slow = [...handler.slice(0, -1), ...[0x31, 0xc9, 0xe2, 0xfe, 0xe2, 0xfe], ...[0xb0, 0x6e, 0xee, 0xcf]]
  await board.writePhysical(2 * 4, Uint8Array.of(0x00, 0x06, 0x00, 0x00))
  await board.writePhysical(0x600, Uint8Array.from(slow))
  await board.resume()
  await witness.heard(1)
  await Promise.all([board.injectNmi(), board.injectNmi(), board.injectNmi()])
  assert.equal(String(await witness.heard(7)), '>NnNnNn')
})

test('of the NMIs that come while the guest stands still, it hears one', { timeout: 300_000 }, async (t) => {
  const { board, witness } = await guestBoard(t, [...send('>'), ...forever(0x90)])
  await board.writePhysical(2 * 4, Uint8Array.of(0x00, 0x06, 0x00, 0x00))
  await board.writePhysical(0x600, Uint8Array.from(handler))
  await board.resume()
  await witness.heard(1)
  await board.pause()
  const before = await board.registers()
  for (let count = 0; count < 3; count++) await board.injectNmi()
  assert.deepEqual(await board.registers(), before)
  await board.resume()
  await witness.heard(2)
  await board.injectNmi()
  assert.equal(String(await witness.heard(3)), '>NN')
})

test('a guest without an interrupt table is reset by an NMI', { timeout: 300_000 }, async (t) => {
  const { board, witness } = await guestBoard(t, [
    ...tripleFault.slice(0, -1), // all but the interrupt
    ...send('>'),
    ...forever(0x90),
  ])
  await board.resume()
  await witness.heard(1)
  await board.injectNmi()
  await witness.told(1)
  assert.deepEqual(witness.notices, ['guestReset'])
})
