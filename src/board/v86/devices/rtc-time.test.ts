import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dateOf, registersOf, secondsToAlarm } from './rtc-time.ts'

const modes = [0x00, 0x02, 0x04, 0x06]
const anyTime = fc.integer({ min: 0, max: 4_000_000_000 })
const anyMode = fc.constantFrom(...modes)

test('a time comes back from the registers that hold it, in every mode', () => {
  fc.assert(
    fc.property(anyTime, anyMode, (seconds, mode) => {
      const registers = new Uint8Array(128)
      for (const [place, value] of registersOf(seconds * 1000, mode)) registers[place] = value
      assert.equal(dateOf(registers, mode), seconds * 1000)
    }),
  )
})

test('an alarm comes at the next second whose registers agree where the alarm’s do not leave it open', () => {
  fc.assert(
    fc.property(anyTime, fc.integer({ min: 1, max: 86400 }), anyMode, fc.nat(7), (seconds, later, mode, open) => {
      const at = (time: number): Map<number, number> => new Map(registersOf(time * 1000, mode))
      const wanted = at(seconds + later)
      const registers = [0, 2, 4].map((place, index) => (open & (1 << index) ? 0xff : wanted.get(place)!))
      const [second, minute, hour] = registers as [number, number, number]
      const found = secondsToAlarm(seconds * 1000 + 999, { seconds: second, minutes: minute, hours: hour, mode })
      const agrees = (time: number): boolean =>
        [0, 2, 4].every((place, index) => registers[index] === 0xff || at(time).get(place) === registers[index])
      assert.ok(agrees(seconds + found))
      assert.ok(found <= later)
      if (found > 1) assert.ok(!agrees(seconds + found - 1) || open === 0)
    }),
  )
})
