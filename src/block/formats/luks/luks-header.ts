import { BlockError } from '../../block-error.ts'

/** What is made of passwords and keys (QAPI's QCryptoHashAlgorithm). */
export const luksHashes = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'ripemd160'] as const

/** Of the hash by which a master key is known. */
export const digestBytes = 20
/** Bytes of the header. */
export const luksHeaderBytes = 592
const magic = [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]
export const slotCount = 8
const slotActive = 0x00ac71f3
const slotEmpty = 0x0000dead
const sectorBytes = 512
/** Key material takes whole pages, and the header has the first. */
const page = 4096
/** Of key material: there are no others. */
const stripesOfSlots = 4000

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
  const text = (what: string, at: number): string => {
    if (bytes.subarray(at, at + 32).includes(0)) return textAt(bytes, at, 32)
    throw new BlockError('corrupt', `LUKS header ${what} is not NUL terminated`)
  }
  const header: LuksHeader = {
    cipher: text('cipher name', 8),
    mode: text('cipher mode', 40),
    hash: text('hash spec', 72),
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
  if (header.payloadOffset < page) throw corrupt('LUKS payload is overlapping with the header')
  if (header.digestIterations === 0) throw corrupt('LUKS key iteration count is zero')
  for (const index of header.slots.keys()) checkSlot(header, index, view.getUint32(208 + index * 48))
  return header
}

function checkSlot({ slots, keyBytes, payloadOffset }: LuksHeader, index: number, state: number): void {
  const { stripes, offset, active, iterations } = slots[index]!
  if (stripes !== stripesOfSlots) {
    throw corrupt(`Keyslot ${index} is corrupted (stripes ${stripes | 0} != ${stripesOfSlots})`)
  }
  if (offset < page) throw corrupt(`Keyslot ${index} is overlapping with the LUKS header`)
  if (state !== slotActive && state !== slotEmpty) {
    throw corrupt(`Keyslot ${index} state (active/disable) is corrupted`)
  }
  if (active && iterations === 0) throw corrupt(`Keyslot ${index} iteration count is zero`)
  // As in QEMU sectors are counted in 32 bits: a key as long as that is refused later.
  const length = (Math.ceil((keyBytes * stripes) / page) * page) % (2 ** 32 * sectorBytes)
  if (offset + length > payloadOffset) throw corrupt(`Keyslot ${index} is overlapping with the encrypted payload`)
  for (const [other, { offset: start }] of slots.entries()) {
    if (other > index && start < offset + length && offset < start + length) {
      throw corrupt(`Keyslots ${index} and ${other} are overlapping in the header`)
    }
  }
}

function corrupt(message: string): BlockError {
  return new BlockError('corrupt', message)
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
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end))
}
