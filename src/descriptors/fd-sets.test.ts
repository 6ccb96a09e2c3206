import assert from 'node:assert/strict'
import { closeSync, constants, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { canDuplicate, FdSets } from './index.ts'

const skip = !canDuplicate() && 'the optional package koffi is missing'
const folder = mkdtempSync(join(tmpdir(), 'vmon-fdset-'))
const path = join(folder, 'file')
writeFileSync(path, 'contents')
after(() => rmSync(folder, { recursive: true }))
const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND, O_SYNC } = constants

const isOpen = (fd: number): boolean => {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}

test('a file is opened from the newest descriptor that is open as it is wanted', { skip }, () => {
  using sets = new FdSets({ running: () => true })
  const reader = openSync(path, O_RDONLY)
  sets.add(reader, { id: 1 })
  assert.throws(() => sets.open('/dev/fdset/1', O_RDWR), {
    code: 'EACCES',
    message: 'Could not dup FD for /dev/fdset/1 flags 2: Permission denied',
  })
  sets.add(openSync(path, O_WRONLY | O_APPEND), { id: 1 })
  assert.throws(() => sets.open('/dev/fdset/1', O_WRONLY | O_SYNC), { code: 'EINVAL' })
  const file = sets.open('/dev/fdset/1', O_WRONLY | O_CREAT | O_TRUNC)!
  assert.notEqual(file.fd, reader)
  assert.equal(readFileSync(path, 'utf8'), '', 'it is emptied, as by open()')
  assert.match(readFileSync(`/proc/self/fdinfo/${file.fd}`, 'utf8'), /flags:\s+02[0-7]*1\n/, 'not for other programs')
  closeSync(file.fd)
  file.closed()
  file.closed()
  assert.equal(sets.open(path, O_RDONLY), undefined, 'another name is of no concern')
  assert.throws(() => sets.open('/dev/fdset/2', O_WRONLY | O_CREAT | O_TRUNC), {
    code: 'ENOENT',
    message: 'Could not dup FD for /dev/fdset/2 flags 241: No such file or directory',
  })
})

test('while the guest stands nothing is let go, and not when it goes on, but when something happens then', {
  skip,
}, () => {
  let running = false
  using sets = new FdSets({ running: () => running })
  sets.monitorOpened()
  const fd = openSync(path, O_RDONLY)
  sets.add(fd, { id: 7 })
  sets.remove(7)
  running = true
  assert.deepEqual(sets.list(), [{ id: 7, members: [{ fd, opaque: undefined, removed: true }] }])
  const file = sets.open('/dev/fdset/7', O_RDONLY)!
  closeSync(file.fd)
  file.closed()
  assert.deepEqual(sets.list(), [])
  assert.ok(!isOpen(fd))
})

test('with the last monitor goes what nobody uses; what is in use stays, and its set with it', { skip }, () => {
  using sets = new FdSets({ running: () => true })
  sets.monitorOpened()
  sets.monitorOpened()
  const [used, unused] = [openSync(path, O_RDONLY), openSync(path, O_RDONLY)]
  sets.add(used, { id: 1 })
  sets.add(unused, { id: 2 })
  const file = sets.open('/dev/fdset/1', O_RDONLY)!
  sets.monitorClosed()
  assert.equal(sets.list().length, 2)
  sets.monitorClosed()
  assert.deepEqual([isOpen(used), isOpen(unused)], [true, false])
  assert.deepEqual(
    sets.list().map(({ id }) => id),
    [1],
  )
  closeSync(file.fd)
  file.closed()
  assert.deepEqual(sets.list(), [])
})

test('descriptors that the program was started with are duplicated; those that it has made itself are refused', {
  skip,
}, () => {
  using sets = new FdSets({ running: () => true })
  const fd = openSync(path, O_RDONLY)
  sets.addInherited(fd, { id: 1, opaque: 'mine' })
  assert.ok(isOpen(fd))
  closeSync(fd)
  const [{ members }] = sets.list() as [ReturnType<FdSets['list']>[number]]
  assert.equal(members[0]!.opaque, 'mine')
  const refused = { message: 'fd is not valid or already in use' }
  assert.throws(() => sets.addInherited(fd === members[0]!.fd ? fd + 1000 : fd, { id: 1 }), refused)
})

test('whatever is added, opened, closed and removed, in any order, every descriptor is closed once', { skip }, () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), id: fc.option(fc.nat(3), { nil: undefined }) }),
    fc.record({ do: fc.constant('open' as const), id: fc.nat(4), flags: fc.constantFrom(O_RDONLY, O_RDWR, O_WRONLY) }),
    fc.record({ do: fc.constant('close' as const), which: fc.nat(5) }),
    fc.record({ do: fc.constant('remove' as const), id: fc.nat(4) }),
    fc.record({ do: fc.constantFrom('run' as const, 'stand' as const, 'come' as const, 'leave' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let running = true
      let clients = 0
      const given: number[] = []
      const open: { fd: number; closed(): void }[] = []
      const sets = new FdSets({ running: () => running })
      const attempt = (work: () => void): void => {
        try {
          work()
        } catch (error) {
          assert.ok((error as Error).name !== 'TypeError', error as Error)
        }
      }
      for (const one of steps) {
        if (one.do === 'add') {
          const fd = openSync(path, given.length % 2 === 0 ? O_RDONLY : O_RDWR)
          given.push(fstatSync(fd).ino)
          sets.add(fd, { id: one.id })
        } else if (one.do === 'open') {
          attempt(() => open.push(sets.open(`/dev/fdset/${one.id}`, one.flags)!))
        } else if (one.do === 'close') {
          const [file] = open.splice(one.which, 1)
          if (file === undefined) continue
          closeSync(file.fd)
          file.closed()
        } else if (one.do === 'remove') attempt(() => sets.remove(one.id))
        else if (one.do === 'run') running = true
        else if (one.do === 'stand') running = false
        else if (one.do === 'come') {
          clients++
          sets.monitorOpened()
        } else if (clients > 0) {
          clients--
          sets.monitorClosed()
        }
        const ids = sets.list().map(({ id }) => Number(id))
        assert.deepEqual(
          ids,
          ids.toSorted((a, b) => b - a),
        )
        for (const { members } of sets.list()) for (const { fd } of members) assert.ok(isOpen(fd))
      }
      const members = sets.list().flatMap((set) => set.members.map(({ fd }) => fd))
      sets[Symbol.dispose]()
      for (const fd of members) assert.ok(!isOpen(fd))
      for (const { fd, closed } of open) {
        closeSync(fd)
        closed()
      }
      assert.deepEqual(sets.list(), [])
    }),
    { numRuns: 300 },
  )
})
