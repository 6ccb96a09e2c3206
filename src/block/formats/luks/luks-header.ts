import { BlockError } from '../../block-error.ts'

/** Of the hash by which a master key is known. */
export const digestBytes = 20
/** Bytes of the header. */
export const luksHeaderBytes = 592
const magic = [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]
export const slotCount = 8
const slotActive = 0x00ac71f3
const slotEmpty = 0x0000dead
const sectorBytes = 512
/** The largest that key material may be: a header that says more is not worth its memory. */
const mostStripes = 4000
const mostIterations = 2 ** 31 - 1

/** A place for the master key, locked by a password. */
export interface KeySlot {
  readonly active: boolean
  readonly iterations: number
  readonly salt: Uint8Array
  /** Where the key material is, from the header's begin. */
  readonly offset: number
  readonly stripes: number
}

/** What stands at the begin of what LUKS has encrypted. */
export interface LuksHeader {
  readonly cipher: string
  readonly mode: string
  readonly hash: string
  /** Where the guest's bytes begin, from the header's begin. */
  readonly payloadOffset: number
  readonly keyBytes: number
  readonly digest: Uint8Array
  readonly digestSalt: Uint8Array
  readonly digestIterations: number
  readonly uuid: string
  readonly slots: readonly KeySlot[]
}

/**
 * Reads a header of version 1.
 *
 * @see LUKS On-Disk Format Specification 1.2.3
 * @throws {BlockError} kinds `corrupt` and `unsupported`
 */
export function parseLuksHeader(bytes: Uint8Array): LuksHeader {
  if (bytes.byteLength < luksHeaderBytes || magic.some((byte, index) => bytes[index] !== byte)) {
    throw new BlockError('corrupt', 'Volume is not in LUKS format')
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = view.getUint16(6)
  if (version !== 1) throw new BlockError('unsupported', `LUKS version ${version} is not supported`)
  const header: LuksHeader = {
    cipher: textAt(bytes, 8, 32),
    mode: textAt(bytes, 40, 32),
    hash: textAt(bytes, 72, 32),
    payloadOffset: view.getUint32(104) * sectorBytes,
    keyBytes: view.getUint32(108),
    digest: bytes.slice(112, 132),
    digestSalt: bytes.slice(132, 164),
    digestIterations: view.getUint32(164),
    uuid: textAt(bytes, 168, 40),
    slots: Array.from({ length: slotCount }, (_, index) => {
      const at = 208 + index * 48
      return {
        active: view.getUint32(at) === slotActive,
        iterations: view.getUint32(at + 4),
        salt: bytes.slice(at + 8, at + 40),
        offset: view.getUint32(at + 40) * sectorBytes,
        stripes: view.getUint32(at + 44),
      }
    }),
  }
  checkNumbers(header)
  return header
}

function checkNumbers({ digestIterations, slots }: LuksHeader): void {
  if (digestIterations < 1 || digestIterations > mostIterations) {
    throw new BlockError('corrupt', 'LUKS header has no iterations for its digest')
  }
  for (const [index, { active, iterations, stripes }] of slots.entries()) {
    if (!active) continue
    if (stripes < 1 || stripes > mostStripes) throw new BlockError('corrupt', `Keyslot ${index} is corrupted`)
    if (iterations < 1 || iterations > mostIterations) {
      throw new BlockError('corrupt', `Keyslot ${index} iteration count ${iterations} is out of range`)
    }
  }
}

/** Writes a header of version 1: the reverse of `parseLuksHeader()`. */
export function encodeLuksHeader(header: LuksHeader): Uint8Array {
  const bytes = new Uint8Array(luksHeaderBytes)
  const view = new DataView(bytes.buffer)
  bytes.set(magic)
  view.setUint16(6, 1)
  for (const [at, text] of [
    [8, header.cipher],
    [40, header.mode],
    [72, header.hash],
    [168, header.uuid],
  ] as const) {
    bytes.set(new TextEncoder().encode(text), at)
  }
  view.setUint32(104, header.payloadOffset / sectorBytes)
  view.setUint32(108, header.keyBytes)
  bytes.set(header.digest, 112)
  bytes.set(header.digestSalt, 132)
  view.setUint32(164, header.digestIterations)
  for (const [index, { active, iterations, salt, offset, stripes }] of header.slots.entries()) {
    const at = 208 + index * 48
    view.setUint32(at, active ? slotActive : slotEmpty)
    view.setUint32(at + 4, iterations)
    bytes.set(salt, at + 8)
    view.setUint32(at + 40, offset / sectorBytes)
    view.setUint32(at + 44, stripes)
  }
  return bytes
}

/** Text that ends with a zero, or with its field. */
function textAt(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length)
  const end = field.indexOf(0)
  return new TextDecoder('latin1').decode(end === -1 ? field : field.subarray(0, end))
}
