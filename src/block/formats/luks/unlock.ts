import { timingSafeEqual } from 'node:crypto'
import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import { deriveKey, mostIterations } from './derive-key.ts'
import { digestBytes, type KeySlot, type LuksHeader, luksHeaderBytes, parseLuksHeader } from './luks-header.ts'
import { type Cipher, type CipherKind, cipherSectorBytes, parseCipher, SectorCipher } from './sector-cipher.ts'
import { mergeStripes } from './stripes.ts'

/** Where a header is, and behind it the key material. */
export interface LuksArea {
  readonly file: BlockNode
  /** Where it begins. */
  readonly offset: number
  /** Nothing behind that belongs to it, whatever the header says. Undefined: the file is the bound. */
  readonly length?: number | undefined
}

/** What opens when the password fits. */
export interface Unlocked {
  readonly header: LuksHeader
  readonly cipher: Cipher
}

/**
 * Reads the header that begins at an offset, and finds the master key that a password unlocks.
 *
 * @throws {BlockError} kinds `corrupt`, `unsupported`, and `permission`, if it is another password
 */
export async function unlock(area: LuksArea, password: Uint8Array): Promise<Unlocked> {
  const header = await readLuksHeader(area)
  const key = await findKey(area, { header, password })
  return { header, cipher: new SectorCipher(parseCipher(header), key) }
}

/** The master key that a password unlocks. @throws {BlockError} kind `permission`, if it is another password */
export async function findKey(
  area: LuksArea,
  { header, password }: { readonly header: LuksHeader; readonly password: Uint8Array },
): Promise<Uint8Array> {
  const kind = parseCipher(header)
  for (const slot of header.slots) {
    if (!slot.active) continue
    const key = await trySlot(area, { header, kind, slot, password })
    if (key !== undefined) return key
  }
  throw new BlockError('permission', 'Invalid password, cannot unlock any keyslot', { code: 'EPERM' })
}

/** Whether a slot, which is in use, is of this password. */
export async function slotHasPassword(
  area: LuksArea,
  { header, index, password }: { readonly header: LuksHeader; readonly index: number; readonly password: Uint8Array },
): Promise<boolean> {
  const slot = header.slots[index]!
  return (await trySlot(area, { header, kind: parseCipher(header), slot, password })) !== undefined
}

/** @throws {BlockError} kinds `corrupt` and `unsupported` */
export async function readLuksHeader(area: LuksArea): Promise<LuksHeader> {
  const header = parseLuksHeader(await readThere(area, 0, luksHeaderBytes))
  parseCipher(header)
  return header
}

/** The master key, if the slot is of this password: what is found is compared with the header's digest of it. */
async function trySlot(
  area: LuksArea,
  { header, kind, slot, password }: { header: LuksHeader; kind: CipherKind; slot: KeySlot; password: Uint8Array },
): Promise<Uint8Array | undefined> {
  const { hash, keyBytes } = header
  if (Math.max(slot.iterations, header.digestIterations) > mostIterations) {
    throw new BlockError('unsupported', `PBKDF iterations ${slot.iterations} must be at most ${mostIterations}`)
  }
  const slotKey = await deriveKey(password, slot.salt, slot.iterations, keyBytes, hash)
  const length = keyBytes * slot.stripes
  const material = await readThere(area, slot.offset, Math.ceil(length / cipherSectorBytes) * cipherSectorBytes)
  new SectorCipher(kind, slotKey).decrypt(0, material)
  const key = mergeStripes(material.subarray(0, length), slot.stripes, hash)
  const digest = await deriveKey(key, header.digestSalt, header.digestIterations, digestBytes, hash)
  return timingSafeEqual(digest, header.digest) ? key : undefined
}

async function readThere(area: LuksArea, at: number, length: number): Promise<Uint8Array> {
  const { file, offset } = area
  checkInside(area, at, length)
  if (offset + at + length > file.length) throw new BlockError('corrupt', 'LUKS header goes beyond the end of the file')
  return file.read(offset + at, length)
}

/** @throws {BlockError} kind `corrupt`, in QEMU's words, if a part of the area is not inside it */
export function checkInside({ length }: LuksArea, at: number, bytes: number): void {
  if (length === undefined || at + bytes <= length) return
  throw new BlockError('corrupt', 'Request for data outside of extension header')
}
