import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { print } from '../../json/index.ts'
import type { ObjectKind } from '../object-kind.ts'
import { filterDump } from './filter-dump.ts'
import { iothread } from './iothread.ts'
import { memoryBackendRam } from './memory-backend.ts'

const nothing = { password: () => undefined }

/** What setting a property to each of these is refused with (QEMU 7.2's texts); it stays printable, and as it was. */
function assertRefused(
  kind: ObjectKind,
  said: object,
  name: string,
  refusals: readonly (readonly [unknown, string])[],
) {
  const { [name]: property } = kind.make(said, 'x', nothing).access as Record<string, any>
  const before = print(property.get())
  for (const [value, message] of refusals) assert.throws(() => property.set(value), { message }, print(value))
  assert.equal(print(property.get()), before)
}

const wrongType = (name: string, type: string): string => `Invalid parameter type for '${name}', expected: ${type}`

describe('properties of objects are changed', () => {
  const kind = filterDump(
    () => undefined,
    () => undefined,
  )
  const said = { netdev: 'u', file: '/nothing' }

  it("by numbers that are numbers: a filter's", () => {
    const unsigned = "Parameter 'maxlen' expects uint64"
    assertRefused(kind, said, 'maxlen', [
      [-5, "Parameter 'maxlen' expects uint32_t"],
      [2 ** 32, "Parameter 'maxlen' expects uint32_t"],
      ...['abc', '12', 1.5, true, null, [], {}].map((value) => [value, unsigned] as const),
      [0, "Property 'filter-dump.maxlen' doesn't take value '0'"],
    ])
    const { maxlen } = kind.make(said, 'x', nothing).access as Record<string, any>
    maxlen.set(2 ** 32 - 1)
    assert.equal(maxlen.get(), 2 ** 32 - 1)
  })

  it("by the words that there are: a filter's", () => {
    assertRefused(kind, said, 'queue', [
      ['x', "Parameter 'queue' does not accept value 'x'"],
      [1, wrongType('queue', 'string')],
    ])
    assertRefused(kind, said, 'status', [
      ['x', "Invalid value for netfilter status, should be 'on' or 'off'"],
      [null, wrongType('status', 'string')],
    ])
    assertRefused(kind, said, 'insert', [
      ['x', "Invalid value for netfilter insert, should be 'before' or 'behind'"],
      [1, wrongType('insert', 'string')],
    ])
    for (const name of ['netdev', 'file', 'position']) assertRefused(kind, said, name, [[1, wrongType(name, 'string')]])
  })

  it("as far as they can be: memory's, and a thread's", () => {
    assertRefused(memoryBackendRam, { size: 4096 }, 'prealloc-threads', [
      [-5, "Parameter 'prealloc-threads' expects uint32_t"],
      ['abc', "Parameter 'prealloc-threads' expects uint64"],
      [0, "property 'prealloc-threads' of memory-backend-ram doesn't take value '0'"],
    ])
    assertRefused(memoryBackendRam, { size: 4096 }, 'share', [
      ['abc', wrongType('share', 'boolean')],
      [true, 'cannot change property value'],
    ])
    assertRefused(iothread, {}, 'thread-pool-max', [
      [0, 'bad thread-pool-min/thread-pool-max values'],
      [2 ** 31, 'bad thread-pool-min/thread-pool-max values'],
      [-1, 'thread-pool-max value must be in range [0, 9223372036854775807]'],
    ])
  })
})
