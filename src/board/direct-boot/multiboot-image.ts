import type { BoardConfig } from '../board.ts'
import { BoardError } from '../board-error.ts'
import { firmwareKeys as keys, word32, zeroTerminated } from '../firmware/firmware-items.ts'
import { multibootInformation, multibootMemoryMap, multibootRom } from './boot-roms.ts'
import type { KernelFiles, KernelReader } from './direct-boot.ts'
import { elfMachine, readElf } from './elf-file.ts'

const magic = 0x1badb002
/** The header lies in the first 8 KiB, and this is the last place where all of it could be. */
const lastPlace = 8192 - 48
const hasAddresses = 0x10000
const x8664 = 62
const pageBytes = 4096
const moduleBytes = 16
const loaderName = 'qemu'

/** Where the header is; undefined if there is none. */
export function findMultibootHeader(image: Uint8Array): number | undefined {
  const head = headOf(image)
  for (let at = 0; at < lastPlace; at += 4) {
    if (head.getUint32(at, true) !== magic) continue
    const sum = magic + head.getUint32(at + 4, true) + head.getUint32(at + 8, true)
    if (sum % 2 ** 32 === 0) return at
  }
  return undefined
}

/** What is behind the end of a short file counts as zeros. */
function headOf(image: Uint8Array): DataView {
  const head = new Uint8Array(8192)
  head.set(image.subarray(0, head.length))
  return new DataView(head.buffer)
}

/**
 * A multiboot kernel with what the specification wants to be told: command line, modules, memory; the option ROM adds
 * the map of the memory.
 *
 * @throws {BoardError} kind `configuration`
 */
export async function multibootBoot(
  { name, image, initrd, append, ramBytes }: KernelFiles,
  header: number,
  read: KernelReader,
): Promise<NonNullable<BoardConfig['kernel']>> {
  const program = programOf(image, header, ramBytes)
  const modules = await Promise.all(
    moduleTexts(initrd).map(async (text) => ({ text, bytes: await read.module(text.replace(/ .*$/s, '')) })),
  )

  // Behind the kernel: a table of the modules, then texts, then each module from a page's begin.
  const table = aligned(program.memory.length)
  const parts: { readonly at: number; readonly bytes: Uint8Array }[] = [{ at: 0, bytes: program.memory }]
  let text = table + modules.length * moduleBytes
  const place = (bytes: Uint8Array): number => {
    parts.push({ at: text, bytes })
    text += bytes.length
    return program.address + text - bytes.length
  }
  const moduleNames = modules.map((module) => place(zeroTerminated(module.text)))
  const commandLine = place(zeroTerminated(`${name} ${append}`))
  text = table + modules.length * moduleBytes + roomForTexts(name, append, initrd)
  const loader = place(zeroTerminated(loaderName))
  let end = aligned(text)
  for (const [index, { bytes }] of modules.entries()) {
    const start = program.address + end
    parts.push({ at: table + index * moduleBytes, bytes: words(start, start + bytes.length, moduleNames[index]!, 0) })
    parts.push({ at: end, bytes })
    end = aligned(end + bytes.length)
  }
  if (program.address + end > ramBytes) throw failure('Error while loading elf kernel')
  const memory = new Uint8Array(end)
  for (const { at, bytes } of parts) memory.set(bytes, at)

  return {
    rom: { name: 'multiboot_dma.bin', image: multibootRom() },
    items: [
      [keys.kernelEntry, word32(program.entry)],
      [keys.kernelAddress, word32(program.address)],
      [keys.kernelBytes, word32(memory.length)],
      [keys.kernel, memory],
      [keys.initrdAddress, word32(multibootInformation)],
      [keys.initrdBytes, word32(informationBytes)],
      [keys.initrd, information({ commandLine, loader, table: program.address + table, modules: modules.length })],
    ],
  }
}

interface Program {
  readonly entry: number
  readonly address: number
  readonly memory: Uint8Array
}

function programOf(image: Uint8Array, header: number, ramBytes: number): Program {
  const word = (place: number): number => headOf(image).getUint32(header + place, true)
  if ((word(4) & hasAddresses) === 0) {
    if (elfMachine(image) === x8664) throw failure('Cannot load x86-64 image, give a 32bit one.')
    const program = readElf(image, ramBytes)
    if (program === undefined) throw failure('Error while loading elf kernel')
    return program
  }
  return flatProgram(image, header, word, ramBytes)
}

function flatProgram(image: Uint8Array, header: number, word: (place: number) => number, ramBytes: number): Program {
  const [headerAddress, address, loadEnd, bssEnd, entry] = [12, 16, 20, 24, 28].map(word) as [
    number,
    number,
    number,
    number,
    number,
  ]
  if (headerAddress < address) throw failure('invalid load_addr address')
  if (headerAddress - address > header) throw failure('invalid header_addr address')
  const offset = header - (headerAddress - address)
  if (loadEnd !== 0 && loadEnd < address) throw failure('invalid load_end_addr address')
  if (loadEnd === 0 && image.length < offset) throw failure('invalid kernel_file_size')
  const loaded = loadEnd !== 0 ? loadEnd - address : image.length - offset
  if (loaded > 2 ** 32 - 1 - address) throw failure('kernel does not fit in address space')
  if (bssEnd !== 0 && bssEnd < address + loaded) throw failure('invalid bss_end_addr address')
  if (offset + loaded > image.length) throw failure('fread() failed')
  const bytes = bssEnd === 0 ? loaded : bssEnd - address
  if (address + bytes > ramBytes) throw failure('kernel does not fit in address space')
  const memory = new Uint8Array(bytes)
  memory.set(image.subarray(offset, offset + loaded))
  return { entry, address, memory }
}

/** What QEMU keeps free for texts: the modules' as they were written, with commas doubled. */
function roomForTexts(...texts: readonly (string | undefined)[]): number {
  return texts.reduce((sum, text) => sum + (text === undefined ? 0 : zeroTerminated(text).length), 0)
}

/** Files and their arguments, with commas between; a comma of a name is doubled. */
function moduleTexts(initrd: string | undefined): string[] {
  const texts: string[] = []
  for (let rest = initrd ?? ''; rest !== ''; ) {
    const [whole] = /^(?:[^,]|,,)*/.exec(rest)!
    texts.push(whole.replaceAll(',,', ','))
    rest = rest.slice(whole.length + 1)
  }
  return texts
}

/** Members of the information by their places, in words; the option ROM fills in what it finds out. */
const members = { flags: 0, bootDevice: 3, commandLine: 4, modules: 5, table: 6, memoryMap: 12, loader: 16 } as const
const informationBytes = 88
/** Sizes of memory, boot device, command line, modules, map of the memory, name of the loader. */
const informationFlags = 0b1001001111
const noBootDevice = 0x8000ffff

function information(found: { commandLine: number; loader: number; table: number; modules: number }): Uint8Array {
  const block = new Uint32Array(informationBytes / 4)
  block[members.flags] = informationFlags
  block[members.bootDevice] = noBootDevice
  block[members.commandLine] = found.commandLine
  block[members.modules] = found.modules
  block[members.table] = found.table
  block[members.memoryMap] = multibootMemoryMap
  block[members.loader] = found.loader
  return new Uint8Array(block.buffer)
}

const aligned = (bytes: number): number => Math.ceil(bytes / pageBytes) * pageBytes
const words = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)
const failure = (text: string): BoardError => new BoardError('configuration', text)
