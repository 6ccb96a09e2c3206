import type { NestedOptions } from '../../driver.ts'
import type { LuksHeader } from './luks-header.ts'

/** What a header says of itself, but for the keys (QAPI's QCryptoBlockInfoLUKS). */
export function luksSpecifics(header: LuksHeader): NestedOptions {
  return {
    'cipher-alg': `${header.cipher}-${header.keyBytes * 4}`,
    'cipher-mode': 'xts',
    'ivgen-alg': 'plain64',
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
