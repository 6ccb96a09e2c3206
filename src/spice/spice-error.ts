/** A client says what the protocol does not have, or what cannot be meant. */
export class SpiceError extends Error {
  override readonly name = 'SpiceError'
}
