import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Filter } from './joined-streams.ts'
import { watchOnlyQmp } from './watch-only-qmp.ts'
import { watchOnlyRfb } from './watch-only-rfb.ts'

/** What goes on of some bytes, and what is answered: fed whole, byte by byte, and cut in two everywhere. */
function assertFiltered(filter: () => Filter, bytes: Uint8Array, forward: Uint8Array, answer = ''): void {
  const cuts = Array.from({ length: bytes.length }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)])
  const bytewise = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
  for (const chunks of [[bytes], bytewise, ...cuts]) {
    const one = filter()
    const results = chunks.map(one)
    assert.deepEqual(Buffer.concat(results.map((result) => result.forward)), Buffer.from(forward))
    assert.equal(results.map((result) => result.answer ?? '').join(''), answer)
  }
}

test('who only looks asks QMP, and is answered for what would change something', () => {
  const asked = '{"execute": "qmp_capabilities", "id": 1}\n{"execute": "query-status", "id": 2}\n'
  const refused = ['stop', 'human-monitor-command', 'screendump', 'query-', 'x-query-roms', 'query-status; quit']
  const requests = refused.map((execute, id) => JSON.stringify({ execute, id }))
  assertFiltered(
    watchOnlyQmp,
    Buffer.from(`${asked}${requests.join('')}{"exec-oob": "query-status"}`),
    Buffer.from(asked),
    [...refused.map((_, id) => `{"id": ${id}, "error": `), '{"error": ']
      .map((start) => `${start}{"class": "GenericError", "desc": "This link is for looking only"}}\n`)
      .join(''),
  )
  assert.throws(() => watchOnlyQmp()(Buffer.from('{]')))
  assert.throws(() => watchOnlyQmp()(Buffer.alloc(1 << 17, ' {')))
})

test('who only looks gets pictures; keys, pointers, power and the like are let fall', () => {
  const entering = [Buffer.from('RFB 003.008\n'), Uint8Array.of(1, 1)]
  const format = Uint8Array.of(0, ...new Uint8Array(19))
  const encodings = Uint8Array.of(2, 0, 0, 2, 0, 0, 0, 16, 0, 0, 0, 0)
  const request = Uint8Array.of(3, 1, ...new Uint8Array(8))
  const fence = Uint8Array.of(248, 0, 0, 0, 0x80, 0, 0, 0, 2, 7, 7)
  const falls = [
    Uint8Array.of(4, 1, 0, 0, 0, 0, 0, 0x61),
    Uint8Array.of(5, 1, 0, 9, 0, 9),
    Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 2, 65, 66),
    Uint8Array.of(6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe, 65, 66),
    Uint8Array.of(250, 0, 1, 2),
    Uint8Array.of(251, 0, 0, 9, 0, 9, 1, 0, ...new Uint8Array(16)),
    Uint8Array.of(255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 0x1e),
  ]
  const passes = [...entering, format, encodings, request, fence]
  const said = [...entering, falls[0]!, format, ...falls, encodings, ...falls, request, fence]
  assertFiltered(watchOnlyRfb, Buffer.concat(said), Buffer.concat(passes))
  const withPassword = [Buffer.from('RFB 003.008\n'), Uint8Array.of(2), new Uint8Array(16), Uint8Array.of(1), request]
  assertFiltered(watchOnlyRfb, Buffer.concat([...withPassword, falls[0]!]), Buffer.concat(withPassword))
  const alone = Buffer.from('RFB 003.008\n\x01\x00', 'latin1')
  assertFiltered(watchOnlyRfb, Buffer.concat([alone, request]), Buffer.concat([...entering, request])) // shares the screen
  for (const bad of [
    'RFB 003.003\n',
    'RFB 003.008\n\x13',
    'RFB 003.008\n\x01\x01\xfe',
    'RFB 003.008\n\x01\x01\xff\x01',
  ])
    assert.throws(() => watchOnlyRfb()(Buffer.from(bad, 'latin1')), bad)
  const huge = Uint8Array.of(6, 0, 0, 0, 0x7f, 0, 0, 0)
  assert.throws(() => watchOnlyRfb()(Buffer.concat([...entering, huge])))
})
