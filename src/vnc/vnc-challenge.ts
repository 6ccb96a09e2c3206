import { createCipheriv, randomBytes, timingSafeEqual } from 'node:crypto'

export const challengeBytes = 16

export function newChallenge(): Uint8Array {
  return randomBytes(challengeBytes)
}

/**
 * What who knows a password answers to a challenge: it is encrypted by DES, whose key are the first eight bytes of the
 * password, the bits of each in the reverse order.
 */
export function answerTo(challenge: Uint8Array, password: string): Uint8Array {
  const key = Buffer.alloc(8)
  Buffer.from(password, 'utf8').copy(key)
  for (const [index, byte] of key.entries()) key[index] = reversed(byte)
  // Three times the same key makes triple DES plain DES, which OpenSSL does not have any more.
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false)
  return Buffer.concat([cipher.update(challenge), cipher.final()])
}

export function isAnswer(answer: Uint8Array, challenge: Uint8Array, password: string): boolean {
  return timingSafeEqual(answer, answerTo(challenge, password))
}

function reversed(byte: number): number {
  let result = 0
  for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) result |= 0x80 >> bit
  return result
}
