/** What a walk through page tables reads. */
export interface WalkedMemory {
  registers(): Promise<{ readonly cr0: number; readonly cr3: number; readonly cr4: number }>
  readPhysical(address: number, length: number): Promise<Uint8Array>
}

const present = 1n
const largePage = 0x80n
const pageSizeExtensions = 0x10
const physicalAddressExtension = 0x20
/** Bits of an entry that are an address, where entries have 64 bits. */
const longFrame = 0x3fffffffff000n

/** A page that the guest has mapped. */
export interface MappedPage {
  readonly address: number
  readonly bytes: number
  /** The entry that maps it. */
  readonly entry: bigint
  /** Of that entry and the one of the directory above, the bits that both have. */
  readonly access: bigint
  readonly large: boolean
}

/** Every page that the guest's tables map, by rising addresses; undefined while paging is off. */
export async function mappedPages(memory: WalkedMemory): Promise<AsyncIterable<MappedPage> | undefined> {
  const { cr0, cr3, cr4 } = await memory.registers()
  if ((cr0 & 0x80000000) === 0) return undefined
  return (cr4 & physicalAddressExtension) === 0
    ? shortPages(memory, cr3, (cr4 & pageSizeExtensions) !== 0)
    : longPages(memory, cr3)
}

/** The physical address behind a virtual one; undefined if its page is not mapped. */
export async function translate(memory: WalkedMemory, address: number): Promise<bigint | undefined> {
  const { cr0, cr3, cr4 } = await memory.registers()
  if ((cr0 & 0x80000000) === 0) return BigInt(address)
  return (cr4 & physicalAddressExtension) === 0
    ? translateShort(memory, cr3, (cr4 & pageSizeExtensions) !== 0, address)
    : translateLong(memory, cr3, address)
}

async function translateShort(memory: WalkedMemory, cr3: number, largePages: boolean, address: number) {
  const directory = (await shortTable(memory, BigInt((cr3 & 0xfffff000) >>> 0)))[address >>> 22]!
  if ((directory & present) === 0n) return undefined
  if (largePages && (directory & largePage) !== 0n) return (directory & 0xffc00000n) | BigInt(address & 0x3fffff)
  const entry = (await shortTable(memory, directory & 0xfffff000n))[(address >>> 12) & 0x3ff]!
  return (entry & present) === 0n ? undefined : (entry & 0xfffff000n) | BigInt(address & 0xfff)
}

async function translateLong(memory: WalkedMemory, cr3: number, address: number) {
  const pointer = (await longTable(memory, BigInt((cr3 & 0xffffffe0) >>> 0), 4))[address >>> 30]!
  if ((pointer & present) === 0n) return undefined
  const directory = (await longTable(memory, pointer & longFrame))[(address >>> 21) & 0x1ff]!
  if ((directory & present) === 0n) return undefined
  if ((directory & largePage) !== 0n) return (directory & longFrame & ~0x1fffffn) | BigInt(address & 0x1fffff)
  const entry = (await longTable(memory, directory & longFrame))[(address >>> 12) & 0x1ff]!
  return (entry & present) === 0n ? undefined : (entry & longFrame) | BigInt(address & 0xfff)
}

async function* shortPages(memory: WalkedMemory, cr3: number, largePages: boolean): AsyncIterable<MappedPage> {
  const directory = await shortTable(memory, BigInt((cr3 & 0xfffff000) >>> 0))
  for (const [index, above] of directory.entries()) {
    if ((above & present) === 0n) continue
    const address = index * 2 ** 22
    if (largePages && (above & largePage) !== 0n) {
      yield { address, bytes: 2 ** 22, entry: above, access: above, large: true }
      continue
    }
    yield* pagesOf(await shortTable(memory, above & 0xfffff000n), above, address)
  }
}

async function* longPages(memory: WalkedMemory, cr3: number): AsyncIterable<MappedPage> {
  const pointers = await longTable(memory, BigInt((cr3 & 0xffffffe0) >>> 0), 4)
  for (const [high, pointer] of pointers.entries()) {
    if ((pointer & present) === 0n) continue
    const directory = await longTable(memory, pointer & longFrame)
    for (const [index, above] of directory.entries()) {
      if ((above & present) === 0n) continue
      const address = high * 2 ** 30 + index * 2 ** 21
      if ((above & largePage) === 0n) yield* pagesOf(await longTable(memory, above & longFrame), above, address)
      else yield { address, bytes: 2 ** 21, entry: above, access: above, large: true }
    }
  }
}

function* pagesOf(table: readonly bigint[], above: bigint, start: number): Iterable<MappedPage> {
  for (const [index, entry] of table.entries()) {
    if ((entry & present) === 0n) continue
    yield { address: start + index * 4096, bytes: 4096, entry, access: entry & above, large: false }
  }
}

async function shortTable(memory: WalkedMemory, address: bigint): Promise<bigint[]> {
  const view = await tableAt(memory, address, 4096)
  return Array.from({ length: 1024 }, (_, index) => BigInt(view.getUint32(index * 4, true)))
}

async function longTable(memory: WalkedMemory, address: bigint, entries = 512): Promise<bigint[]> {
  const view = await tableAt(memory, address, entries * 8)
  return Array.from({ length: entries }, (_, index) => view.getBigUint64(index * 8, true))
}

/** Above 4 GiB this PC has nothing, which reads as zeros. */
async function tableAt(memory: WalkedMemory, address: bigint, bytes: number): Promise<DataView> {
  if (address + BigInt(bytes) > 1n << 32n) return new DataView(new ArrayBuffer(bytes))
  const table = await memory.readPhysical(Number(address), bytes)
  return new DataView(table.buffer, table.byteOffset, table.byteLength)
}
