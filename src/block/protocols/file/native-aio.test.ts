import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Libc, type LibcFunction, loadLibc } from '../../../libc/index.ts'
import { FileHandle } from './file-handle.ts'
import { NativeAio } from './native-aio.ts'

const folder = fs.mkdtempSync(join(tmpdir(), 'vmon-aio-'))
const path = join(folder, 'disk')
after(() => fs.rmSync(folder, { recursive: true }))

const libc = loadLibc()
const system = libc && NativeAio.open(libc)
const skip = system === undefined && 'no koffi here, or no asynchronous I/O'
const pageSize = 4096
const pages = 200

/** One page of memory that is where it must be around the page cache. */
function page(fill: number): { memory: Uint8Array; address: bigint } {
  const whole = new ArrayBuffer(2 * pageSize)
  const past = Number(libc!.address(whole) % BigInt(pageSize))
  const memory = new Uint8Array(whole, pageSize - past, pageSize).fill(fill)
  return { memory, address: libc!.address(whole) + BigInt(pageSize - past) }
}

test('more requests than the system takes at once are all done, and the event loop has its turns', {
  skip,
}, async () => {
  fs.writeFileSync(path, '')
  const fd = fs.openSync(path, fs.constants.O_RDWR)
  const move = (operation: 'read' | 'write', index: number, at: ReturnType<typeof page>): Promise<number> =>
    system!.run(operation, fd, index * pageSize, at.memory, at.address)
  const written = Array.from({ length: pages }, (_, index) => move('write', index, page(index)))
  assert.deepEqual(await Promise.all(written), new Array(pages).fill(pageSize))
  const places = Array.from({ length: pages }, () => page(255))
  let turns = 0
  const others = (async () => {
    for (; turns < 3; turns++) await nextTurn()
  })()
  for (let round = 0; turns < 3; round++) {
    assert.ok(round < 100_000, 'nobody else had a turn')
    assert.deepEqual(
      await Promise.all(places.map((place, index) => move('read', index, place))),
      written.map(() => 4096),
    )
  }
  await others
  for (const [index, { memory }] of places.entries()) assert.deepEqual(memory, new Uint8Array(pageSize).fill(index))
  assert.equal(await move('read', pages, page(0)), 0, 'behind the end of the file')
  fs.closeSync(fd)
})

test('what the system refuses is told by its number, and the others are done', { skip }, async () => {
  fs.writeFileSync(path, new Uint8Array(pageSize).fill(9))
  const fd = fs.openSync(path, 'r')
  const [one, two] = [page(0), page(0)]
  const moved = await Promise.all([
    system!.run('write', fd, 0, one.memory, one.address),
    system!.run('read', fd, 0, two.memory, two.address),
  ])
  assert.deepEqual(moved, [-9, pageSize], 'EBADF')
  assert.equal(two.memory[77], 9)
  fs.closeSync(fd)
})

type Told = (error: null, count: number) => void

/** A system whose requests end when the test says so. */
class SlowSystem {
  readonly libc: Libc
  /** How often somebody has waited on the event loop's time. */
  waits = 0
  submitted = 0
  #told: Told | undefined
  #events: Uint8Array | undefined

  constructor() {
    const call = (prototype: string): LibcFunction => {
      if (prototype.includes('requests')) return Object.assign(() => 0, { async: () => undefined })
      if (prototype.includes('list')) {
        const submit = (...[, , count]: unknown[]): number => {
          this.submitted += count as number
          return count as number
        }
        return Object.assign(submit, { async: () => undefined })
      }
      const wait = (): number => {
        this.waits++
        return 0
      }
      const async = (...words: unknown[]): void => {
        this.#events = words[4] as Uint8Array
        this.#told = words.at(-1) as Told
      }
      return Object.assign(wait, { async })
    }
    this.libc = { func: call, address: () => 0n, errno: () => 0, error: () => new Error('never') }
  }

  /** Whether a thread waits. */
  get waited(): boolean {
    return this.#told !== undefined
  }

  /** Ends the request of the slot that is taken first. */
  end(result: number): void {
    new DataView(this.#events!.buffer).setBigInt64(16, BigInt(result), true)
    const told = this.#told!
    this.#told = undefined
    told(null, 1)
  }
}

test('a thread waits for a slow disk, and next time at once', async () => {
  const slow = new SlowSystem()
  const aio = NativeAio.open(slow.libc)!
  for (const waits of [1, 1, 1]) {
    const moved = aio.run('read', 1, 0, new Uint8Array(512), 0n)
    while (!slow.waited) await nextTurn()
    assert.equal(slow.waits, waits)
    slow.end(512)
    assert.equal(await moved, 512)
  }
})

test('who comes while a thread waits is submitted at once', async () => {
  const slow = new SlowSystem()
  const aio = NativeAio.open(slow.libc)!
  void aio.run('read', 1, 0, new Uint8Array(512), 0n)
  while (!slow.waited) await nextTurn()
  void aio.run('read', 1, 0, new Uint8Array(512), 0n)
  await nextTurn()
  assert.deepEqual([slow.submitted, slow.waits], [2, 1])
})

test('a handle around the page cache tells errors as one that goes through it', { skip }, async () => {
  fs.writeFileSync(path, new Uint8Array(pageSize))
  const handle = await FileHandle.open(path, { writable: false, direct: true })
  await assert.rejects(handle.write(0, new Uint8Array(pageSize)), { kind: 'io', message: 'Bad file descriptor' })
  const target = new Uint8Array(2 * pageSize).fill(1)
  await handle.readInto(0, target)
  assert.deepEqual(target, new Uint8Array(2 * pageSize), 'zeroes behind the end')
  await handle.close()
})
