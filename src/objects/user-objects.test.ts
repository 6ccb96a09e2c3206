import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ThrottleGroups } from '../block/index.ts'
import { baseTypes, ObjectTree, TypeTable } from '../qom/index.ts'
import { objectKindTypes, UserObjects } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-objects-'))
after(() => rmSync(folder, { recursive: true }))
const descriptors = (): number => readdirSync('/proc/self/fd').length

function objects(): UserObjects {
  const groups = new ThrottleGroups()
  const tree = new ObjectTree(new TypeTable([...baseTypes, ...objectKindTypes]))
  return new UserObjects({ tree, throttleGroups: () => groups, networks: () => undefined })
}

test('a source of random numbers gives what is in its file, and nothing behind the end', async () => {
  const filename = join(folder, 'bytes')
  writeFileSync(filename, 'eight ch')
  await using all = objects()
  await all.add({ 'qom-type': 'rng-random', id: 'r', filename })
  const used = all.use('r')
  assert.equal(Buffer.from(await used.random(5)).toString(), 'eight')
  assert.equal(Buffer.from(await used.random(5)).toString(), ' ch')
  assert.equal((await used.random(5)).length, 0)
})

test('an object that is removed while it is used goes on, and is closed after the last use', async () => {
  await using all = objects()
  const before = descriptors()
  await all.add({ 'qom-type': 'rng-random', id: 'r' })
  const [one, other] = [all.use('r'), all.use('r')]
  all.remove('r')
  assert.equal(all.typeOf('r'), undefined)
  await all.add({ 'qom-type': 'rng-builtin', id: 'r' })
  assert.equal((await one.random(16)).length, 16)
  one.end()
  assert.equal((await other.random(16)).length, 16)
  assert.equal(descriptors(), before + 1)
  other.end()
  assert.equal(descriptors(), before)
  assert.equal((await all.use('r').random(16)).length, 16)
})

test('a pipe is opened at once, waited for, and left when the object is closed', async () => {
  const filename = join(folder, 'pipe')
  execFileSync('mkfifo', [filename])
  const all = objects()
  await all.add({ 'qom-type': 'rng-random', id: 'r', filename })
  const used = all.use('r')
  const writer = openSync(filename, 'w')
  const waiting = used.random(4)
  writeSync(writer, 'abcd')
  assert.equal(Buffer.from(await waiting).toString(), 'abcd')
  const never = used.random(4)
  await all.close()
  assert.equal((await never).length, 0)
  closeSync(writer)
})

test('what is not there cannot be used', async () => {
  await using all = objects()
  assert.throws(() => all.use('nix'), { message: "Device 'nix' not found" })
})

test('what is no source gives nothing', async () => {
  await using all = objects()
  await all.add({ 'qom-type': 'iothread', id: 'io' })
  assert.equal((await all.use('io').random(16)).length, 0)
})
