import { readFile } from 'node:fs/promises'
import { type BoardConfig, BoardError } from '../board/index.ts'
import { reasonText, systemCode } from '../errno/index.ts'
import type { MachineConfig } from './config.ts'

/**
 * Reads a Linux kernel and what belongs to it.
 *
 * @throws {BoardError} kind `configuration`, in QEMU's words, if a file cannot be read or the kernel is none that a PC's
 *   boot loader could start
 */
export async function readKernel({
  image,
  initrd,
  append,
}: NonNullable<MachineConfig['kernel']>): Promise<NonNullable<BoardConfig['kernel']>> {
  const kernel = await readFile(image).catch((cause) => {
    const failure = systemCode(cause) === 'EISDIR' ? 'load kernel' : 'open kernel file'
    throw new BoardError('configuration', `could not ${failure} '${image}': ${reasonText(cause)}`, { cause })
  })
  if (!hasBootHeader(kernel)) throw new BoardError('configuration', 'invalid kernel header')
  const ramDisk = initrd === undefined ? undefined : await readRamDisk(initrd)
  return { image: padded(kernel), ...(ramDisk !== undefined && { initrd: ramDisk }), append }
}

async function readRamDisk(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause) => {
    throw new BoardError('configuration', `error reading initrd ${path}: ${reasonText(cause)}`, { cause })
  })
}

/** Linux's boot protocol, from version 2.02 on: `HdrS` at 0x202, then the version; loaded high is bit 0 at 0x211. */
function hasBootHeader(kernel: Uint8Array): boolean {
  if (kernel.length < 0x230) return false
  const header = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength)
  return (
    header.getUint16(0x1fe, true) === 0xaa55 &&
    header.getUint32(0x202, true) === 0x53726448 &&
    header.getUint16(0x206, true) >= 0x202 &&
    (header.getUint8(0x211) & 1) === 1
  )
}

/** The emulator reads kernels in words. */
function padded(kernel: Uint8Array): Uint8Array {
  if (kernel.length % 4 === 0) return kernel
  const whole = new Uint8Array(Math.ceil(kernel.length / 4) * 4)
  whole.set(kernel)
  return whole
}
