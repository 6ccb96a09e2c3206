import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { memoryPair } from '../transport/index.ts'
import { TelnetFilter, telnetStream } from './telnet-stream.ts'

/** `he`, DO binary, `l`, a doubled 255, SB terminal-type ... SE, BREAK, `lo`. */
const input = [0x68, 0x65, 255, 253, 0, 0x6c, 255, 255, 255, 250, 24, 255, 255, 1, 255, 240, 255, 243, 0x6c, 0x6f]
const data = [0x68, 0x65, 0x6c, 255, 0x6c, 0x6f]

function filtered(chunks: readonly (readonly number[])[]): number[] {
  const filter = new TelnetFilter()
  return chunks.flatMap((chunk) => [...filter.filter(Uint8Array.from(chunk))])
}

test('commands are taken out of the input wherever it is cut', () => {
  assert.deepEqual(filtered([input]), data)
  assert.deepEqual(filtered(input.map((byte) => [byte])), data)
  for (let at = 1; at < input.length; at++) assert.deepEqual(filtered([input.slice(0, at), input.slice(at)]), data)
})

test('how random input is cut changes nothing, and input without commands passes as it is', () => {
  const telnetBytes = fc.array(fc.oneof(fc.constantFrom(255, 250, 240, 251, 254), fc.nat(255)), { maxLength: 60 })
  fc.assert(
    fc.property(telnetBytes, fc.nat(60), (bytes, at) => {
      assert.deepEqual(filtered([bytes.slice(0, at), bytes.slice(at)]), filtered([bytes]))
    }),
  )
  fc.assert(fc.property(fc.array(fc.nat(254)), (bytes) => assert.deepEqual(filtered([bytes]), bytes)))
})

test('a client is told first what the server will do, then gets what it is sent unchanged', async () => {
  const [near, far] = memoryPair()
  const telnet = telnetStream(near)
  const got: number[] = []
  const typed: number[] = []
  far.start({ data: (chunk) => got.push(...chunk) })
  const ended = new Promise<void>((resolve) => {
    telnet.start({ data: (chunk) => typed.push(...chunk), end: resolve })
  })
  telnet.write('hi')
  far.write(Uint8Array.from(input))
  far.end()
  await ended
  await telnet.close()
  assert.deepEqual(typed, data)
  assert.deepEqual(got, [255, 251, 1, 255, 251, 3, 255, 251, 0, 255, 253, 0, 0x68, 0x69])
})
