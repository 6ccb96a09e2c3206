import { MigrationError } from '../migration-error.ts'
import { parseObject } from './machine-section.ts'

/** A disk whose contents are in the stream. */
export interface DiskDescription {
  readonly name: string
  readonly byteLength: number
}

/** A part of a disk. */
export interface DiskPart {
  readonly offset: number
  readonly length: number
  /** Undefined for zeroes. */
  readonly bytes: Uint8Array | undefined
}

/*
 * The section `disks` is JSON: `disks`, a list of names and lengths. A section `disk` is a part of one of them: 2 bytes
 * with its number in that list, 8 with the offset, 8 with the length; then the bytes, or nothing, if they are zeroes.
 */
const headBytes = 18
const mostDisks = 1000

export function packDisks(disks: readonly DiskDescription[]): Buffer {
  return Buffer.from(JSON.stringify({ disks: disks.map(({ name, byteLength }) => ({ name, byteLength })) }))
}

/** @throws {MigrationError} `stream`, if that is no list of disks */
export function unpackDisks(contents: Uint8Array): readonly DiskDescription[] {
  const { disks } = parseObject(contents)
  if (!Array.isArray(disks) || disks.length > mostDisks || !disks.every(isDescription)) throw spoilt()
  return disks.map(({ name, byteLength }) => ({ name, byteLength }))
}

function isDescription(value: unknown): value is DiskDescription {
  if (typeof value !== 'object' || value === null) return false
  const { name, byteLength } = value as Partial<Record<string, unknown>>
  return typeof name === 'string' && Number.isSafeInteger(byteLength) && (byteLength as number) > 0
}

/** @param disk - its number in the list */
export function packDiskPart(disk: number, { offset, length, bytes }: DiskPart): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUInt16BE(disk, 0)
  head.writeBigUInt64BE(BigInt(offset), 2)
  head.writeBigUInt64BE(BigInt(length), 10)
  return bytes === undefined ? head : Buffer.concat([head, bytes])
}

/** @throws {MigrationError} `stream`, if it is no part of one of the disks */
export function unpackDiskPart(
  contents: Uint8Array,
  disks: readonly DiskDescription[],
): DiskPart & { readonly disk: number } {
  if (contents.length < headBytes) throw spoilt()
  const view = Buffer.from(contents.buffer, contents.byteOffset, contents.length)
  const disk = view.readUInt16BE(0)
  const [offset, length] = [Number(view.readBigUInt64BE(2)), Number(view.readBigUInt64BE(10))]
  const { byteLength } = disks[disk] ?? { byteLength: 0 }
  if (length === 0 || offset + length > byteLength) throw spoilt()
  if (contents.length === headBytes) return { disk, offset, length, bytes: undefined }
  if (contents.length !== headBytes + length) throw spoilt()
  return { disk, offset, length, bytes: view.subarray(headBytes) }
}

function spoilt(): MigrationError {
  return new MigrationError('stream', 'the stream has parts of disks that it does not name')
}
