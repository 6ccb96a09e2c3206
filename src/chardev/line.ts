import { type Deferred, deferred } from '../async/index.ts'
import type { Duplex } from '../transport/index.ts'
import type { Frontend } from './chardev.ts'

/**
 * The front end of a serial port: one connection at a time, and what the guest sends while nobody is connected is lost,
 * as on a cable that hangs loose.
 */
export class Line implements Frontend {
  readonly concurrent = false
  readonly swaps = true
  readonly leaves: boolean
  readonly broken: (() => void) | undefined
  /** Whether the device behind it listens. */
  listens = true
  /** Hears whether somebody is connected. */
  peers: (present: boolean) => void = () => undefined
  readonly #input: (bytes: Uint8Array) => Promise<void>
  #stream: Duplex | undefined
  #room: Deferred<void> | undefined
  #log: ((bytes: Uint8Array) => void) | undefined
  readonly #listeners = new Set<(bytes: Uint8Array) => void>()

  /**
   * @param input - takes bytes from the host's side; no more come until it has settled, none at all if it rejects
   * @param broken - hears of breaks
   * @param leaves - it may be taken from its device again
   */
  constructor(
    input: (bytes: Uint8Array) => Promise<void>,
    { leaves = false, broken }: { readonly leaves?: boolean; readonly broken?: () => void } = {},
  ) {
    this.#input = input
    this.broken = broken
    this.leaves = leaves
  }

  get connected(): boolean {
    return this.#stream !== undefined
  }

  /** Sends bytes to the host's side; a promise asks the guest to wait until there is room. */
  output(bytes: Uint8Array): Promise<void> | undefined {
    this.#log?.(bytes)
    for (const listener of this.#listeners) listener(bytes)
    if (this.#stream === undefined || this.#stream.write(bytes)) return undefined
    this.#room ??= deferred()
    return this.#room.promise
  }

  /** Takes bytes from somebody in this process, beside the device. Settles when the guest has room for more. */
  input(bytes: Uint8Array): Promise<void> {
    return this.#input(bytes)
  }

  /** Lets somebody hear all that the guest sends, also while nobody is connected. */
  listen(listener: (bytes: Uint8Array) => void): void {
    this.#listeners.add(listener)
  }

  logTo(log: ((bytes: Uint8Array) => void) | undefined): void {
    this.#log = log
  }

  connection(stream: Duplex): void {
    this.#stream = stream
    this.peers(true)
    stream.start({
      data: (chunk) => {
        stream.pause()
        void this.#input(chunk).then(
          () => stream.resume(),
          () => undefined,
        )
      },
      drain: () => this.#release(),
      // A peer that hangs up is gone in both directions; where input and output are files of their own, only one ends.
      end: () => {
        if (stream.kind !== 'stdio' && stream.kind !== 'pipe') void stream.close()
      },
      closed: () => {
        // Where the device was changed for another, that one's connection is there already.
        if (this.#stream === stream) {
          this.#stream = undefined
          this.peers(false)
        }
        this.#release()
      },
    })
  }

  #release(): void {
    this.#room?.resolve()
    this.#room = undefined
  }
}
