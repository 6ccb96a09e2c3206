import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pageBytes, placePages, takePages } from './ram-pages.ts'

const address = 64 << 20
const pages = 40
/** Which pages hold something, and what. */
const contents = fc.array(fc.tuple(fc.nat(pages - 1), fc.nat(pageBytes - 1), fc.nat(255)), { maxLength: 60 })

function ramOf(written: readonly (readonly [page: number, offset: number, value: number])[]): Uint8Array {
  const ram = new Uint8Array(pages * pageBytes)
  for (const [page, offset, value] of written) ram[page * pageBytes + offset] = value
  return ram
}

test('pages that are taken make any RAM equal to the one that they were taken from', () => {
  fc.assert(
    fc.property(contents, contents, (source, target) => {
      const ram = ramOf(target)
      placePages(ram, address, takePages(ramOf(source), address))
      assert.ok(Buffer.from(ram).equals(ramOf(source)))
    }),
  )
})

test('memory that holds zeros already is not looked at where that is said', () => {
  fc.assert(
    fc.property(contents, contents, fc.nat(pages), (source, target, used) => {
      const ram = ramOf(target.filter(([page]) => page < used))
      placePages(ram, address, takePages(ramOf(source), address), address + used * pageBytes)
      assert.ok(Buffer.from(ram).equals(ramOf(source)))
    }),
  )
})

test('only pages that hold something are taken', () => {
  const ram = ramOf([
    [3, 17, 1],
    [20, 4095, 2],
  ])
  const { addresses, bytes } = takePages(ram, address)
  assert.deepEqual([...addresses], [address + 3 * pageBytes, address + 20 * pageBytes])
  assert.equal(bytes.length, 2 * pageBytes)
})
