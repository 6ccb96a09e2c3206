import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forever, send } from '../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../test/guests/guest-board.ts'

/** The handler lies at 0000:0600: `mov dx, 3F8h; mov al, 'N'; out dx, al; iret`. */
const handler = [0xba, 0xf8, 0x03, 0xb0, 0x4e, 0xee, 0xcf]

for (const [state, rest] of [
  ['halts', forever(0xf4)],
  ['runs', forever(0x90)],
] as const) {
  test(`an NMI reaches a guest in real mode that ${state} with interrupts off`, { timeout: 60_000 }, async (t) => {
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
