import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BlockError } from '../block-error.ts'
import type { ReadErrorPolicy, WriteErrorPolicy } from './drive-config.ts'
import { FailedRequests } from './failed-requests.ts'

const broken = new BlockError('io', 'Input/output error')
const full = new BlockError('no-space', 'No space left on device')

function failing(policies: { onReadError: ReadErrorPolicy; onWriteError: WriteErrorPolicy } | undefined) {
  const said: unknown[] = []
  let stops = 0
  const requests = new FailedRequests({
    drive: () => ({ id: 'disk', nodeName: 'node', policies }),
    emit: (_name, ...[data]) => said.push(data),
    stopGuest: () => stops++,
  })
  return { requests, said, stops: () => stops }
}

for (const [policy, operation, error, verdict] of [
  ['report', 'read', broken, 'report'],
  ['ignore', 'read', broken, 'ignore'],
  ['report', 'write', full, 'report'],
  ['ignore', 'write', full, 'ignore'],
  ['enospc', 'write', broken, 'report'],
  ['enospc', 'flush', broken, 'report'],
] as const) {
  test(`${policy}: of a ${operation} that fails with ${error.kind} comes ${verdict}`, async () => {
    const onReadError = policy === 'enospc' ? 'report' : policy
    const { requests, said, stops } = failing({ onReadError, onWriteError: policy })
    assert.equal(await requests.judge(operation, error), verdict)
    assert.deepEqual(said, [
      {
        device: 'disk',
        'node-name': 'node',
        operation: operation === 'read' ? 'read' : 'write',
        action: verdict,
        ...(policy === 'enospc' && { nospace: false }),
        reason: error.message,
      },
    ])
    assert.deepEqual([stops(), requests.status, requests.waiting], [0, policy === 'enospc' ? 'ok' : undefined, false])
  })
}

test('what stops the guest waits for it, and is then tried again; the first reason stands', async () => {
  const { requests, said, stops } = failing({ onReadError: 'stop', onWriteError: 'enospc' })
  const verdicts = [requests.judge('flush', full), requests.judge('read', broken)]
  assert.deepEqual([requests.status, requests.waiting, stops(), said.length], ['nospace', true, 2, 2])
  requests.retry()
  assert.deepEqual(await Promise.all(verdicts), ['again', 'again'])
  assert.deepEqual([requests.status, requests.waiting], ['ok', false])
})

test('what waits for a guest that is gone has failed, and the reason stands', async () => {
  const { requests } = failing({ onReadError: 'stop', onWriteError: 'stop' })
  const verdict = requests.judge('write', broken)
  requests.giveUp()
  assert.deepEqual([await verdict, requests.status, requests.waiting], ['report', 'failed', false])
})

test('a device that always tells its guest tells nobody else', async () => {
  const { requests, said } = failing(undefined)
  assert.deepEqual([await requests.judge('write', full), said.length, requests.status], ['report', 0, undefined])
})
