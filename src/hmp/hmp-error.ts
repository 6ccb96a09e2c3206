/** A line that cannot be understood; its message is what the user is told, without a line's end. */
export class HmpError extends Error {
  override readonly name = 'HmpError'
  /** Whether the line ends behind the message. */
  readonly ended: boolean

  constructor(message: string, { ended = true }: { readonly ended?: boolean } = {}) {
    super(message)
    this.ended = ended
  }
}
