import { createHash, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../node.ts'
import { type KeySlot, type LuksHeader, luksHeaderBytes, parseLuksHeader } from './luks-header.ts'
import { checkCipher, cipherSectorBytes, SectorCipher } from './sector-cipher.ts'

const derive = promisify(pbkdf2)
const hashes = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'ripemd160']
const digestBytes = 20

/** What opens when the password fits. */
export interface Unlocked {
  readonly header: LuksHeader
  readonly cipher: SectorCipher
}

/**
 * Reads the header that begins at an offset, and finds the master key that a password unlocks.
 *
 * @throws {BlockError} kinds `corrupt`, `unsupported`, and `permission`, if it is another password
 */
export async function unlock(file: BlockNode, offset: number, password: Uint8Array): Promise<Unlocked> {
  const header = await readLuksHeader(file, offset)
  for (const slot of header.slots) {
    if (!slot.active) continue
    const key = await tryslot(file, offset, { header, slot, password })
    if (key !== undefined) return { header, cipher: new SectorCipher(key) }
  }
  throw new BlockError('permission', 'Invalid password, cannot unlock any keyslot', { code: 'EPERM' })
}

/** @throws {BlockError} kinds `corrupt` and `unsupported` */
export async function readLuksHeader(file: BlockNode, offset: number): Promise<LuksHeader> {
  const header = parseLuksHeader(await readThere(file, offset, luksHeaderBytes))
  checkCipher(header)
  if (!hashes.includes(header.hash)) throw new BlockError('unsupported', `LUKS hash ${header.hash} is not supported`)
  return header
}

/** The master key, if the slot is of this password: what is found is compared with the header's digest of it. */
async function tryslot(
  file: BlockNode,
  offset: number,
  { header, slot, password }: { header: LuksHeader; slot: KeySlot; password: Uint8Array },
): Promise<Uint8Array | undefined> {
  const { hash, keyBytes } = header
  const slotKey = await derive(password, slot.salt, slot.iterations, keyBytes, hash)
  const length = keyBytes * slot.stripes
  const material = await readThere(
    file,
    offset + slot.offset,
    Math.ceil(length / cipherSectorBytes) * cipherSectorBytes,
  )
  new SectorCipher(slotKey).decrypt(0, material)
  const key = mergeStripes(material.subarray(0, length), slot.stripes, hash)
  const digest = await derive(key, header.digestSalt, header.digestIterations, digestBytes, hash)
  return timingSafeEqual(digest, header.digest) ? key : undefined
}

async function readThere(file: BlockNode, offset: number, length: number): Promise<Uint8Array> {
  if (offset + length > file.length) throw new BlockError('corrupt', 'LUKS header goes beyond the end of the file')
  return file.read(offset, length)
}

/** Puts a key together that was split so that it is gone when any of its stripes is. */
function mergeStripes(material: Uint8Array, stripes: number, hash: string): Uint8Array {
  const size = material.byteLength / stripes
  let merged: Uint8Array = new Uint8Array(size)
  for (let stripe = 0; stripe < stripes; stripe++) {
    if (stripe > 0) merged = diffuse(merged, hash)
    for (let index = 0; index < size; index++) merged[index]! ^= material[stripe * size + index]!
  }
  return merged
}

/** Hashes each part of the length of a hash together with its number. */
function diffuse(bytes: Uint8Array, hash: string): Uint8Array {
  const diffused = new Uint8Array(bytes.byteLength)
  const number = Buffer.alloc(4)
  for (let at = 0, index = 0; at < bytes.byteLength; index++) {
    number.writeUInt32BE(index)
    const size = createHash(hash).digest().byteLength
    const part = bytes.subarray(at, at + size)
    diffused.set(createHash(hash).update(number).update(part).digest().subarray(0, part.byteLength), at)
    at += size
  }
  return diffused
}
