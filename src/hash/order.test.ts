import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstStranger, qdictOrder } from './index.ts'

test('members are walked in the order that replies of QEMU 7.2 show', () => {
  assert.deepEqual(qdictOrder(['major', 'minor', 'micro']), ['micro', 'minor', 'major'])
  assert.deepEqual(qdictOrder(['running', 'singlestep', 'status']), ['status', 'singlestep', 'running'])
  assert.deepEqual(qdictOrder(['event', 'data', 'timestamp']), ['timestamp', 'event', 'data'])
  assert.deepEqual(qdictOrder(['id', 'return']), ['return', 'id'])
  assert.deepEqual(qdictOrder(['error', 'id']), ['id', 'error'])
  assert.deepEqual(qdictOrder(['b', 'a', 'zz']), ['a', 'zz', 'b'])
})

test('of several unexpected members, the one that QEMU 7.2 names is named', () => {
  assert.equal(firstStranger(['a', 'b', 'c'], []), 'b')
  assert.equal(firstStranger(['zeta', 'alpha'], []), 'alpha')
  assert.equal(firstStranger(['size', 'x'], ['size']), 'x')
  assert.equal(firstStranger(['size'], ['size']), undefined)
})
