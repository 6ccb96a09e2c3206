import type { BoardConfig } from '../board.ts'
import { BoardError } from '../board-error.ts'
import { linuxBoot, linuxProtocol } from './linux-image.ts'
import { findMultibootHeader, multibootBoot } from './multiboot-image.ts'
import { isElf, pvhBoot } from './pvh-image.ts'

/** A kernel that is to be started without a boot loader, and what belongs to it. */
export interface KernelFiles {
  /** As it was named: a multiboot kernel is told. */
  readonly name: string
  readonly image: Uint8Array
  /** -initrd: a RAM disk; modules with their arguments, for a multiboot kernel. */
  readonly initrd: string | undefined
  readonly append: string
  readonly ramBytes: number
}

/** Reads files that belong to the kernel, once it is known of which kind that is. */
export interface KernelReader {
  /** @throws {BoardError} if it cannot be read */
  ramDisk(path: string): Promise<Uint8Array>
  /** @throws {BoardError} if it cannot be read */
  module(path: string): Promise<Uint8Array>
}

/**
 * What the firmware has to know to start a kernel: Linux by its boot protocol, multiboot kernels (ELF, or flat with
 * addresses in the header), other ELF kernels by their PVH entry. Anything else is taken for a very old Linux, as QEMU
 * does.
 *
 * @throws {BoardError} kind `configuration`, in QEMU's words, if that is not possible
 */
export async function directBoot(files: KernelFiles, read: KernelReader): Promise<NonNullable<BoardConfig['kernel']>> {
  const { initrd } = files
  const image = new Uint8Array(files.image) // a Buffer's slices would share its bytes
  const ramDisk = async (): Promise<Uint8Array | undefined> =>
    initrd === undefined ? undefined : await read.ramDisk(initrd)
  if (linuxProtocol(image) === 0) {
    const header = findMultibootHeader(image)
    if (header !== undefined) return multibootBoot({ ...files, image }, header, read)
    if (isElf(image)) return pvhBoot({ ...files, image }, ramDisk)
  }
  return linuxBoot({ ...files, image }, ramDisk)
}

/**
 * Where a RAM disk goes: as high as possible, below what the firmware keeps at the end of RAM for its tables.
 *
 * @param limit - the last address that the kernel allows
 */
export function placeRamDisk(bytes: number, ramBytes: number, limit: number): number {
  const last = Math.min(limit, ramBytes - firmwareTablesBytes - 1)
  if (bytes >= last) {
    throw new BoardError('configuration', `initrd is too large, cannot support.(max: ${last}, need ${bytes})`)
  }
  return Math.floor((last - bytes) / 4096) * 4096
}

/** What QEMU keeps free for ACPI tables at the end of RAM. */
const firmwareTablesBytes = 0x28000
