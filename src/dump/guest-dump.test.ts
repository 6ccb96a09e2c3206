import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type DumpRequest, GuestDump } from './guest-dump.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-dump-'))
after(() => rmSync(folder, { recursive: true }))

const request = (file: string): DumpRequest => ({
  ...{ paging: false, protocol: `file:${join(folder, file)}`, signal: new AbortController().signal },
  takeDescriptor: () => assert.fail('a file has been named'),
})

function dumpOf(emit: () => void): GuestDump {
  const unused = (): never => assert.fail('there is no CPU')
  return new GuestDump({
    board: { registers: unused, readPhysical: async (_address, length) => new Uint8Array(length) },
    guest: { standingStill: (work) => work() },
    memory: async () => [{ address: 0, bytes: 4096 }],
    ...{ hasCpu: false, incoming: () => false, emit },
  })
}

test('of two dumps that begin at once, the second is refused, though no file is open yet', async () => {
  let events = 0
  const dump = dumpOf(() => events++)
  const first = dump.write(request('first'))
  const second = dump.write(request('second'))
  assert.equal(dump.result.status, 'active')
  await assert.rejects(second, { message: 'There is a dump in process, please wait.' })
  await first
  assert.deepEqual([dump.result.status, events], ['completed', 1])
})

test('a dump whose file cannot be opened leaves what is told of the one before', async () => {
  const dump = dumpOf(() => undefined)
  await assert.rejects(dump.write(request('none/file')))
  assert.equal(dump.result.status, 'none')
  await dump.write(request('third'))
  await assert.rejects(dump.write(request('none/file')))
  assert.equal(dump.result.status, 'completed')
})
