import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { assemble } from '../../guests/assembler.ts'
import { callCode, outPort, peek, poke, probeBios, type Question } from '../guests/probe-guest.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Guest, qemu, vmon } from './guest.ts'
import { askProbe } from './probe.ts'

const [present, large] = [0x003, 0x083]
/** Where the tables are, and 32-bit code that switches paging on. */
const tables = { top: 0x100000, second: 0x101000, third: 0x102000 }
const routine = 0x9000

/** Sets CR3 and CR4 and switches paging on; the first 4 MiB stay where they are, so that the guest goes on. */
const pagingOn = (cr3: number, cr4: number): Uint8Array =>
  assemble(routine, (asm) => {
    asm.bits32()
    asm.mov('eax', cr4)
    asm.movToControl(4, 'eax')
    asm.mov('eax', cr3)
    asm.movToControl(3, 'eax')
    asm.movFromControl('eax', 0)
    asm.op('or', 'eax', 0x80000000)
    asm.movToControl(0, 'eax')
    asm.ret()
  })

const words = (address: number, entries: readonly (readonly [index: number, value: number])[]): Question[] =>
  entries.map(([index, value]) => poke(address + index * 4, 4, value))

interface Paging {
  readonly name: string
  readonly code: Uint8Array
  readonly tables: readonly Question[]
  /** A linear address with memory of the guest's own, twelve bytes before its page's end; the next page is elsewhere. */
  readonly mapped: number
  /** Linear addresses where nothing is mapped, or nothing is. */
  readonly nowhere: readonly number[]
}

const page = (entries: readonly (readonly [index: number, value: number])[]) => words(tables.second, entries)

const ways: readonly Paging[] = [
  {
    name: '4 KiB pages',
    code: pagingOn(tables.top, 0),
    tables: [
      ...words(tables.top, [
        [0, tables.third | present],
        [0x300, tables.second | present],
        [0x301, 0xfffff000 | present], // a table where nothing is
      ]),
      ...words(
        tables.third,
        Array.from({ length: 1024 }, (_, index) => [index, (index << 12) | present] as const),
      ),
      ...page([
        [1, 0x200000 | present],
        [2, 0x300000 | present],
        [4, 0xd0000000 | present], // a page where nothing is
      ]),
    ],
    mapped: 0xc0001ff4,
    nowhere: [0xc0000000, 0xc0003000, 0xc0004000, 0xc0400000, 0xc0800000],
  },
  {
    name: '4 MiB pages',
    code: pagingOn(tables.top, 0x10),
    tables: words(tables.top, [
      [0, large],
      [0x3fe, 0x400000 | large],
      [0x3ff, large],
    ]),
    mapped: 0xffbffff4,
    nowhere: [0x400000, 0xff400000],
  },
  {
    name: '4 MiB pages that the CPU takes for tables',
    code: pagingOn(tables.top, 0),
    tables: [
      ...words(tables.top, [
        [0, tables.third | present],
        [1, tables.second | large],
      ]),
      ...words(
        tables.third,
        Array.from({ length: 1024 }, (_, index) => [index, (index << 12) | present] as const),
      ),
      ...page([
        [0x10, 0x123000 | present],
        [0x11, 0x125000 | present],
      ]),
    ],
    mapped: 0x410ff4,
    nowhere: [0x400000, 0x412000],
  },
  {
    name: 'PAE',
    code: pagingOn(tables.top + 0x20, 0x30), // v86 wants PSE for large pages, which a CPU does not with PAE
    tables: [
      ...words(tables.top + 0x20, [
        [0, tables.second | 1],
        [1, 0],
        [2, 0],
        [3, 0],
        [4, 0],
        [6, tables.third | 1],
        [7, 0],
      ]),
      ...words(tables.second, [
        [0, large],
        [1, 0],
        [2, 0x200000 | large],
        [3, 0],
      ]),
      ...words(tables.third, [
        [2, 0x400000 | large],
        [3, 0],
        [4, 0x103000 | present],
        [5, 0],
        [6, 0x200000 | large],
        [7, 1], // beyond 4 GiB
      ]),
      ...words(0x103000, [
        [0, 0x345000 | present],
        [1, 0],
        [2, 0x347000 | present],
        [3, 1], // beyond 4 GiB
      ]),
    ],
    mapped: 0xc03ffff4,
    nowhere: [0x40000000, 0xc0000000, 0xc0401000, 0xc0600000, 0xc0800000],
  },
]

/** What memsave leaves: bytes in hexadecimal, or the error. */
async function saved(guest: Guest, folder: string, val: number, size: number | string): Promise<string> {
  const filename = join(folder, 'memory')
  try {
    await guest.execute('memsave', { val, size: Number(size), filename })
  } catch (error) {
    return (error as Error).message
  }
  return (await readFile(filename)).toString('hex')
}

describe('memsave', { skip: missingProgram(qemu[0]!) }, () => {
  for (const way of ways) {
    test(`saves through ${way.name} what the guest has written, and refuses what is not mapped, as in QEMU`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'vmon-memory-'))
      t.after(() => rm(folder, { recursive: true }))
      const bios = join(folder, 'probe.bin')
      await writeFile(bios, probeBios())
      const one = async (command: readonly string[]) => {
        await using guest = await Guest.start(command, ['-bios', bios], t.signal)
        await guest.execute('cont')
        await askProbe(guest, way.tables)
        await askProbe(
          guest,
          [...way.code].map((byte, index) => poke(routine + index, 1, byte)),
        )
        await askProbe(guest, [callCode(routine)])
        const buffer = Array.from({ length: 6 }, (_, index) => way.mapped + index * 4)
        await askProbe(
          guest,
          buffer.map((address, index) => poke(address, 4, 0x01020304 * (index + 1))),
        )
        const read = await askProbe(
          guest,
          buffer.map((address) => peek(address, 4)),
        )
        const written = Buffer.concat(read.map((word) => Buffer.from(Uint32Array.of(word).buffer))).toString('hex')
        const refused = []
        for (const address of way.nowhere) refused.push(await saved(guest, folder, address, 8))
        const across = await saved(guest, folder, way.nowhere[0]! - 4, 8)
        return { written, whole: await saved(guest, folder, way.mapped, 24), refused, across }
      }
      const theirs = await one(qemu)
      const ours = await one(vmon)
      assert.deepEqual(ours, theirs)
      assert.equal(ours.whole, ours.written)
      assert.equal(ours.written.slice(0, 16), '0403020108060402')
      for (const text of ours.refused) assert.match(text, /Invalid addr 0x[0-9a-f]{16}\/size 8 specified/)
    })
  }

  test('and pmemsave show the memory of the VGA where the guest has put it', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-memory-'))
    t.after(() => rm(folder, { recursive: true }))
    const bios = join(folder, 'probe.bin')
    await writeFile(bios, probeBios())
    const config = (offset: number, value: number) => [outPort(0xcf8, 4, 0x80001000 | offset), outPort(0xcfc, 4, value)]
    const one = async (command: readonly string[]) => {
      await using guest = await Guest.start(command, ['-bios', bios], t.signal)
      await guest.execute('cont')
      await askProbe(guest, [...config(0x10, 0xfd000000), ...config(0x04, 2), poke(0xfd000ffe, 4, 0x11223344)])
      const virtual = await saved(guest, folder, 0xfd000ffc, 8)
      const physical = (await guest.memory(0xfcfffffc, 0x1008)).toString('hex')
      return { virtual, physical, beyond: await saved(guest, folder, 0xfdfffffc, 8) }
    }
    const [theirs, ours] = [await one(qemu), await one(vmon)]
    assert.deepEqual(ours, theirs)
    assert.equal(ours.virtual, '0000443322110000')
  })

  test('refuses sizes that no memory has in the words of QEMU', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-memory-'))
    t.after(() => rm(folder, { recursive: true }))
    const one = async (command: readonly string[]) => {
      await using guest = await Guest.start(command, ['-m', '1'], t.signal)
      const texts = []
      for (const size of [2 ** 32, 2 ** 53, 2 ** 60]) texts.push(await saved(guest, folder, 0, size))
      return texts
    }
    const [theirs, ours] = [await one(qemu), await one(vmon)]
    assert.deepEqual(ours, theirs)
    assert.match(ours[2]!, /Invalid addr 0x0000000000000000\/size \d{19} specified/)
  })
})
