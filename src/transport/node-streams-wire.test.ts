import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { deferred } from '../async/index.ts'
import { NodeStreamsWire } from './node-streams-wire.ts'
import { WireDuplex } from './wire-duplex.ts'

test('what a program has said before its end comes whole, though its reader was paused at that moment', async () => {
  const length = 60_000 // less than a pipe holds: the program ends while nobody reads
  const child = spawn('/bin/sh', ['-c', `head -c ${length} /dev/zero; echo end`])
  const exited = once(child, 'exit')
  const wire = new NodeStreamsWire({ input: child.stdout, output: child.stdin, release: () => child.stdin.end() })
  const duplex = new WireDuplex(wire, { kind: 'pipe' })
  const chunks: Uint8Array[] = []
  const over = deferred()
  duplex.start({
    data: (chunk) => {
      chunks.push(Uint8Array.from(chunk))
      duplex.pause() // after each chunk, too
      setImmediate(() => duplex.resume())
    },
    end: () => over.resolve(),
  })
  duplex.pause()
  await exited
  await once(child.stdout, 'end')
  assert.deepEqual(chunks, [])
  duplex.resume()
  await over.promise
  const said = Buffer.concat(chunks)
  assert.equal(said.length, length + 4)
  assert.equal(said.subarray(length).toString(), 'end\n')
  await duplex.close()
})
