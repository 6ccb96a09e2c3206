import type { NestedOptions } from '../../open/driver.ts'
import type { LuksHeader } from './luks-header.ts'
import { parseCipher } from './sector-cipher.ts'

/** What a header says of itself, but for the keys (QAPI's QCryptoBlockInfoLUKS). */
export function luksSpecifics(header: LuksHeader): NestedOptions {
  const { mode, vectors, vectorHash } = parseCipher(header)
  return {
    'cipher-alg': `${header.cipher}-${header.keyBytes * (mode === 'xts' ? 4 : 8)}`,
    'cipher-mode': mode,
    'ivgen-alg': vectors ?? 'plain',
    ...(vectorHash !== undefined && { 'ivgen-hash-alg': vectorHash }),
    'hash-alg': header.hash,
    'payload-offset': header.payloadOffset,
    'master-key-iters': header.digestIterations,
    uuid: header.uuid,
    slots: header.slots.map(({ active, iterations, stripes, offset }) => ({
      active,
      ...(active ? { iters: iterations, stripes } : {}),
      'key-offset': offset,
    })),
  }
}
