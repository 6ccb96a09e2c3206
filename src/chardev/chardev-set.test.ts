import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChardevSet } from './index.ts'

function device(label: string) {
  return { label, backend: { type: 'null' } } as const
}

test('devices are kept by label and listed in the order of QEMU', async () => {
  await using set = new ChardevSet()
  for (const label of ['compat_monitor0', 'n0', 'r0', 's0', 'f0']) await set.open(device(label))
  set.find('n0').attach({ concurrent: true, connection: () => undefined })
  assert.deepEqual(
    set.list().map(({ label, frontendOpen }) => `${label} ${frontendOpen}`),
    ['f0 false', 'r0 false', 's0 false', 'n0 true', 'compat_monitor0 false'],
  )
})

test('a label is given once, even to devices that open at the same time', async () => {
  await using set = new ChardevSet()
  const both = await Promise.allSettled([set.open(device('a')), set.open(device('a'))])
  assert.deepEqual(
    both.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  )
  await assert.rejects(set.open(device('a')), { message: "Duplicate ID 'a' for chardev", kind: 'duplicate' })
})

test('a label that failed to open can be given again, and one that was never given is not found', async () => {
  await using set = new ChardevSet()
  const file = { label: 'f', backend: { type: 'file', path: '/nonexistent/f', append: false } } as const
  await assert.rejects(set.open(file), /Could not open/)
  assert.throws(() => set.find('f'), { message: 'chardev "f" not found', kind: 'not-found' })
  await set.open(device('f'))
  assert.equal(set.find('f').label, 'f')
})
