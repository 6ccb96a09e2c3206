import { randomBytes, randomUUID } from 'node:crypto'
import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import { deriveKey } from './derive-key.ts'
import { defaultTime, leastIterations, lockKey, saltBytes, stripes } from './lock-key.ts'
import { digestBytes, encodeLuksHeader, type LuksHeader, luksHashes, slotCount } from './luks-header.ts'
import { type CipherKind, checkCipher, cipherWords } from './sector-cipher.ts'

/** Key material begins where a page does. */
const alignment = 4096
/** The master key's digest is made of fewer iterations than the password's. */
const digestShare = 8

/** The ciphers of QAPI's QCryptoCipherAlgorithm, and the bytes of a key, where this version has them. */
const ciphers: ReadonlyMap<string, number | undefined> = new Map([
  ['aes-128', 16],
  ['aes-192', 24],
  ['aes-256', 32],
  ...[
    'des',
    '3des',
    'cast5-128',
    'serpent-128',
    'serpent-192',
    'serpent-256',
    'twofish-128',
    'twofish-192',
    'twofish-256',
  ].map((name) => [name, undefined] as const),
])
const modes = ['ecb', 'cbc', 'xts', 'ctr'] as const
const generators = ['plain', 'plain64', 'essiv'] as const

/** How a disk will be encrypted. */
export interface LuksPlan {
  readonly cipher: CipherKind
  readonly keyBytes: number
  readonly hash: string
  readonly milliseconds: bigint
  /** Bytes of the header and the key material: the guest's bytes come behind that. */
  readonly length: number
}

/**
 * Reads what `qemu-img create -o` says of LUKS (QAPI's QCryptoBlockCreateOptionsLUKS), but for the password.
 *
 * @param prefix - what stands before each name
 * @throws {BlockError} in QEMU's words, of kind `invalid` or `unsupported`
 */
export function planLuks(options: OptionBag, prefix = ''): LuksPlan {
  const word = <T extends string>(name: string, words: readonly T[]): T | undefined => {
    const given = options.takeString(`${prefix}${name}`)
    if (given === undefined || words.includes(given as T)) return given as T | undefined
    throw new BlockError('invalid', `Parameter '${name}' does not accept value '${given}'`, { option: name })
  }
  const algorithm = word('cipher-alg', [...ciphers.keys()]) ?? 'aes-256'
  const mode = word('cipher-mode', modes) ?? 'xts'
  const vectors = word('ivgen-alg', generators) ?? 'plain64'
  const vectorHash = word('ivgen-hash-alg', luksHashes) ?? (vectors === 'essiv' ? 'sha256' : undefined)
  const hash = word('hash-alg', luksHashes) ?? 'sha256'
  const milliseconds = options.takeWideInteger(`${prefix}iter-time`) ?? defaultTime
  const half = ciphers.get(algorithm)
  if (half === undefined) throw new BlockError('unsupported', `Algorithm '${algorithm}' not supported`)
  const keyBytes = mode === 'xts' ? half * 2 : half
  const cipher = { mode, vectors, vectorHash }
  checkCipher(cipher, keyBytes)
  return { cipher, keyBytes, hash, milliseconds, length: slotOffset(slotCount, keyBytes) }
}

/**
 * Writes a header with a new master key, which the password unlocks.
 *
 * @param offset - where it begins
 */
export async function writeLuks(file: BlockNode, offset: number, plan: LuksPlan, password: Uint8Array): Promise<void> {
  const { cipher, keyBytes, hash, milliseconds } = plan
  const key = randomBytes(keyBytes)
  const { iterations, salt, material } = await lockKey({ key, cipher, hash, milliseconds }, password)
  const digestIterations = Math.max(leastIterations, Math.floor(iterations / digestShare))
  const digestSalt = randomBytes(saltBytes)
  const header: LuksHeader = {
    cipher: 'aes',
    mode: cipherWords(cipher),
    hash,
    payloadOffset: plan.length,
    keyBytes,
    digest: await deriveKey(key, digestSalt, digestIterations, digestBytes, hash),
    digestSalt,
    digestIterations,
    uuid: randomUUID(),
    slots: Array.from({ length: slotCount }, (_, index) => ({
      active: index === 0,
      iterations: index === 0 ? iterations : 0,
      salt: index === 0 ? salt : new Uint8Array(saltBytes),
      offset: slotOffset(index, keyBytes),
      stripes,
    })),
  }
  const whole = new Uint8Array(slotOffset(1, keyBytes))
  whole.set(encodeLuksHeader(header))
  whole.set(material, slotOffset(0, keyBytes))
  await file.write(offset, whole, { grow: true })
}

/** Where the key material of a slot is; of the one behind the last: where all of it ends. */
function slotOffset(index: number, keyBytes: number): number {
  return alignment + index * Math.ceil((keyBytes * stripes) / alignment) * alignment
}
