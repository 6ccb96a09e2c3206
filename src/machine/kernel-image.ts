import { type BoardConfig, BoardError, directBoot } from '../board/index.ts'
import { reasonText, systemCode } from '../errno/index.ts'
import { FileRefusal, readWholeFile } from '../files/index.ts'
import type { MachineConfig } from './config.ts'

/** More than there is RAM. */
const mostBytes = 2 ** 31 - 1

/**
 * Reads a kernel and what belongs to it.
 *
 * @throws {BoardError} kind `configuration`, in QEMU's words, if a file cannot be read or the kernel is none that a PC's
 *   boot loader could start
 */
export async function readKernel(
  { image, initrd, append }: NonNullable<MachineConfig['kernel']>,
  ramBytes: number,
): Promise<NonNullable<BoardConfig['kernel']>> {
  const kernel = await readWholeFile(image, { limit: mostBytes }).catch((cause) => {
    const opened = systemCode(cause) === 'EISDIR' || cause instanceof FileRefusal
    const failure = opened ? 'load kernel' : 'open kernel file'
    throw new BoardError('configuration', `could not ${failure} '${image}': ${reasonText(cause)}`, { cause })
  })
  // An error of QEMU's is that it tells of one that came before.
  if (kernel.length === 0) {
    throw new BoardError('configuration', `could not load kernel '${image}': No such file or directory`)
  }
  const files = { name: image, image: kernel, initrd, append, ramBytes }
  return directBoot(files, { ramDisk: readRamDisk, module: readModule })
}

async function readRamDisk(path: string): Promise<Uint8Array> {
  return readWholeFile(path, { limit: mostBytes }).catch((cause) => {
    // The words are GLib's, with their quotes.
    const why =
      systemCode(cause) === 'EISDIR'
        ? `Failed to map ${path}' ${path}': mmap() failed: No such device`
        : `Failed to open file “${path}”: open() failed: ${reasonText(cause)}`
    throw new BoardError('configuration', `error reading initrd ${path}: ${why}`, { cause })
  })
}

async function readModule(path: string): Promise<Uint8Array> {
  return readWholeFile(path, { limit: mostBytes }).catch((cause) => {
    throw new BoardError('configuration', `Failed to open file '${path}'`, { cause })
  })
}
