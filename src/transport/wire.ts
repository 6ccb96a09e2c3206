/**
 * What a transport must be able to do; `WireDuplex` makes a `Duplex` of it. A wire keeps no queue of its own making and
 * decides nothing: it receives when told to, sends one piece at a time, ends, and breaks.
 */
export interface Wire {
  /** How to pass descriptors, where that is possible. */
  readonly descriptors: DescriptorLink | undefined
  /** Begins to receive; called once. */
  receive(receiver: WireReceiver): void
  pause(): void
  resume(): void
  /**
   * Sends a piece. True if it has gone at once; if not, `sent` is called later, and no other piece may come before that.
   */
  send(bytes: Uint8Array | string, sent: () => void): boolean
  /** Ends the sending side; called once, when nothing is being sent. */
  end(ended: () => void): void
  /** Releases everything at once; `broken` follows. */
  destroy(): void
  /** The wire calls this once when it is gone: destroyed, or broken by `reason`. Set before anything else. */
  onBroken(broken: (reason?: Error) => void): void
}

export interface WireReceiver {
  data(chunk: Uint8Array, descriptors?: readonly number[]): void
  /** The peer has ended its side. */
  end(): void
}

/** How many descriptors the system takes with one message (SCM_MAX_FD). */
export const maxDescriptors = 253

/** Passing descriptors over a wire. */
export interface DescriptorLink {
  /**
   * Sends descriptors with bytes at once, as far as the system takes them now; called while nothing else is being sent.
   * Returns how many of the bytes went: none if not even the descriptors did.
   */
  send(bytes: Uint8Array, descriptors: readonly number[]): number
  /** A descriptor of our own for the same open file, so that the caller may close theirs. */
  duplicate(descriptor: number): number
}
