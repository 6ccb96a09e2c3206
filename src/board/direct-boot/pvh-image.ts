import type { BoardConfig } from '../board.ts'
import { BoardError } from '../board-error.ts'
import { firmwareKeys as keys, word32, zeroTerminated } from '../firmware/firmware-items.ts'
import { pvhRom } from './boot-roms.ts'
import { type KernelFiles, placeRamDisk } from './direct-boot.ts'
import { findNote, readElf, viewOf } from './elf-file.ts'

export { isElf } from './elf-file.ts'

/** Xen's note with the address where a kernel is entered in 32-bit mode, without paging. */
const entryNote = 18
/** Flags of an ELF header that QEMU takes for those of another format. */
const unsupportedFlags = 0x00010004

/**
 * An ELF kernel that is entered by its PVH entry, as Xen starts guests.
 *
 * @throws {BoardError} kind `configuration`
 */
export async function pvhBoot(
  { image, append, ramBytes }: KernelFiles,
  ramDisk: () => Promise<Uint8Array | undefined>,
): Promise<NonNullable<BoardConfig['kernel']>> {
  const header = new Uint8Array(8192)
  header.set(image.subarray(0, header.length))
  const flags = new DataView(header.buffer).getUint32(header[4] === 2 ? 48 : 36, true)
  if ((flags & unsupportedFlags) !== 0) throw failure(`elfboot unsupported flags = ${flags.toString(16)}`)
  const program = readElf(image, ramBytes)
  if (program === undefined || program.address + program.memory.length > ramBytes)
    throw failure('Error while loading elf kernel')
  const values = program.notes.flatMap((notes) => findNote(notes, entryNote) ?? [])
  const value = values.at(-1)
  const entry = value === undefined || value.length < 4 ? 0 : viewOf(value).getUint32(0, true)
  if (entry === 0) throw failure('Error loading uncompressed kernel without PVH ELF Note')
  const commandLine = zeroTerminated(append)
  const initrd = await ramDisk()
  return {
    rom: { name: 'pvh.bin', image: pvhRom() },
    items: [
      [keys.kernelEntry, word32(entry)],
      [keys.kernelAddress, word32(program.address)],
      [keys.kernelBytes, word32(program.memory.length)],
      [keys.kernel, program.memory],
      [keys.commandLineBytes, word32(commandLine.length)],
      [keys.commandLine, commandLine],
      [keys.setupBytes, word32(header.length)],
      [keys.setup, header],
      ...(initrd === undefined
        ? []
        : ([
            [keys.initrdAddress, word32(placeRamDisk(initrd.length, ramBytes, 2 ** 32))],
            [keys.initrdBytes, word32(initrd.length)],
            [keys.initrd, initrd],
          ] as const)),
    ],
  }
}

const failure = (text: string): BoardError => new BoardError('configuration', text)
