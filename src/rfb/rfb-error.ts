/** A peer that breaks the protocol: it is not spoken with any longer. */
export class RfbError extends Error {
  override readonly name = 'RfbError'
  readonly kind = 'protocol'
}
