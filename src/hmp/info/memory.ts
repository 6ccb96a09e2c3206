import { type MappedPage, mappedPages, type WalkedMemory } from '../../board/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const topic = hmpFamily<{
  guest: WalkedMemory & { readonly ramBytes: number }
  cpus: { readonly count: number }
}>()

const noCpu = 'No CPU available'
const pagingOff = 'PG disabled'

/** Guest memory: how much there is, and what the CPU sees of it. */
export const memoryTopics = {
  mem: topic({
    args: '',
    params: '',
    help: 'show the active virtual memory mappings',
    async run({ parts, print }) {
      if (parts.cpus.count === 0) throw new HmpError(noCpu)
      const pages = await mappedPages(parts.guest)
      if (pages === undefined) throw new HmpError(pagingOff)
      for await (const { start, end, access } of rangesOf(pages)) {
        const rights = `${access & user ? 'u' : '-'}r${access & writable ? 'w' : '-'}`
        print(`${hex(start)}-${hex(end)} ${hex(end - start)} ${rights}\n`)
      }
    },
  }),
  tlb: topic({
    args: '',
    params: '',
    help: 'show virtual to physical memory mappings',
    async run({ parts, print }) {
      if (parts.cpus.count === 0) throw new HmpError(noCpu)
      const pages = await mappedPages(parts.guest)
      if (pages === undefined) throw new HmpError(pagingOff)
      for await (const page of pages) print(`${hex(page.address)}: ${hex(frameOf(page))} ${flagsOf(page)}\n`)
    },
  }),
  memory_size_summary: topic({
    args: '',
    params: '',
    help: 'show the amount of initially allocated and present hotpluggable (if enabled) memory in bytes.',
    run: ({ parts, print }) => print(`base memory: ${parts.guest.ramBytes}\nplugged memory: 0\n`),
  }),
}

const user = 4
const writable = 2

interface Range {
  readonly start: number
  readonly end: number
  readonly access: number
}

/** Neighbours with the same rights, together. */
async function* rangesOf(pages: AsyncIterable<MappedPage>): AsyncIterable<Range> {
  let range: Range | undefined
  for await (const { address, bytes, access: bits } of pages) {
    const access = Number(bits & BigInt(user | writable))
    if (range !== undefined && range.end === address && range.access === access) {
      range = { ...range, end: address + bytes }
      continue
    }
    if (range !== undefined) yield range
    range = { start: address, end: address + bytes, access }
  }
  if (range !== undefined) yield range
}

/** QEMU's masks leave one address bit too few in large pages, and show the highest bit of those without 64 bits. */
function frameOf({ entry, large, bytes }: MappedPage): bigint {
  const mask = large ? ~(BigInt(bytes) / 2n - 1n) : ~0xfffn
  return BigInt.asUintN(64, (large ? entry : entry & ~0x80n) & mask)
}

const flagBits = [
  [63n, 'X'],
  [8n, 'G'],
  [7n, 'P'],
  [6n, 'D'],
  [5n, 'A'],
  [4n, 'C'],
  [3n, 'T'],
  [2n, 'U'],
  [1n, 'W'],
] as const

function flagsOf({ entry, large }: MappedPage): string {
  const shown = large ? entry : entry & ~0x80n
  return flagBits.map(([bit, letter]) => ((shown >> bit) & 1n ? letter : '-')).join('')
}

function hex(value: number | bigint): string {
  return value.toString(16).padStart(16, '0')
}
