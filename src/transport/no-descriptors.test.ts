import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connectUnix, type Duplex, listenUnix, Pty } from './index.ts'
import { RecordingSink } from './recording-sink.ts'

// What the system can do is found out once and kept: this file is a process of its own.
Object.defineProperty(process, 'platform', { value: 'sunos' })

const folder = mkdtempSync(join(tmpdir(), 'vmon-'))
after(() => rmSync(folder, { recursive: true }))

test('where descriptors cannot be passed, unix sockets work and say so', async () => {
  const path = join(folder, 's')
  const accepted: Duplex[] = []
  const sink = new RecordingSink()
  await using listener = await listenUnix(path, {
    accept(stream) {
      accepted.push(stream)
      stream.start(sink)
    },
  })
  await using client = await connectUnix(path)
  client.start(new RecordingSink())
  client.write('hello')
  await sink.until(() => sink.text === 'hello')
  assert.deepEqual([client.passesDescriptors, accepted[0]!.passesDescriptors], [false, false])
  assert.throws(() => client.write('x', [0]), {
    kind: 'unsupported',
    message: 'Descriptors cannot be passed over this unix stream',
  })
  const ends = [client.close(), accepted[0]!.close()]
  await Promise.all(ends)
  await listener.close()
})

test('where there are no pseudo-terminals, who wants one is told', () => {
  assert.throws(() => Pty.open(), { kind: 'unsupported' })
})
