/**
 * One shape for every byte stream: unix and TCP sockets, stdio, pseudo-terminals, in-memory pairs.
 *
 * Data is pushed to a sink, which is the fastest way through Node; back-pressure goes both ways: a reader calls
 * `pause()` and `resume()`, a writer stops when `write()` returns false and goes on at `drain()`. A stream closes by
 * itself when both sides have ended.
 */
export interface Duplex extends AsyncDisposable {
  /** What kind of transport this is; a `sink` swallows what it is given. */
  readonly kind: 'unix' | 'inet' | 'fd' | 'stdio' | 'pty' | 'pipe' | 'memory' | 'sink'
  readonly local: Address | undefined
  readonly remote: Address | undefined
  /** Whether descriptors can go with the bytes, both ways. */
  readonly passesDescriptors: boolean

  /** Begins delivery; called once. Nothing is read before. */
  start(sink: DuplexSink): void
  /** Stops delivery until `resume()`: nothing comes after it, and soon the system reads no further for us. */
  pause(): void
  resume(): void

  /**
   * Queues bytes, which the stream keeps (a string is sent as UTF-8). False means that the buffer is full: the data is
   * taken all the same, but a polite writer waits for `drain()`. After the end, what is written is dropped and false
   * comes back.
   *
   * What is written in one go is sent in one go: at the end of the current delivery or microtask.
   *
   * @param descriptors - at most 253, which go with the first of these bytes, of which there must be one; they stay the
   *   caller's, who may close them when the call returns
   * @throws {RangeError} if there are more, or no bytes to go with
   * @throws {TransportError} `unsupported`, if descriptors are given and `passesDescriptors` is false
   */
  write(data: Uint8Array | string, descriptors?: readonly number[]): boolean
  /** Bytes that wait to be sent. */
  readonly buffered: number

  /** Ends the sending side after what is queued (half-close); reading goes on. */
  end(): void
  /**
   * Sends what is queued, then closes both sides; what still comes in is dropped. It waits for a peer that does not
   * read: a caller who cannot wait destroys. Later callers join the first.
   */
  close(): Promise<void>
  /** Closes at once and drops what is queued. */
  destroy(reason?: Error): void
  /** Settles (never rejects) when both sides are closed and the descriptor is released. */
  readonly closed: Promise<void>
}

export interface DuplexSink {
  /** Whether descriptors are wanted; what comes to a sink that does not say so is closed. */
  readonly takesDescriptors?: boolean
  /**
   * Bytes from the peer. The chunk is the sink's to keep.
   *
   * `descriptors` (unix sockets, where the platform can) came with these bytes; the sink owns them and must close them.
   */
  data(chunk: Uint8Array, descriptors?: readonly number[]): void
  /** The buffer has room again after `write()` returned false. */
  drain?(): void
  /** The peer has ended its side; writing is still possible. */
  end?(): void
  /** Both sides are closed; `reason` if it was not by agreement. Nothing comes after this. */
  closed?(reason?: Error): void
}

export type Address =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'inet'; readonly host: string; readonly port: number; readonly ipv6: boolean }
  | { readonly type: 'fd'; readonly fd: number }

/** Accepts connections until closed. */
export interface Listener extends AsyncDisposable {
  /** Where it listens; for TCP with the port that the system chose. */
  readonly address: Address
  /**
   * Hands out no more connections until `resume()`: peers can still connect, and wait, unread. The longest wait is
   * served first; when 128 wait, one more is dropped.
   */
  pause(): void
  resume(): void
  /** Stops listening, removes the socket file, and drops who still waits; connections handed out live on. */
  close(): Promise<void>
}

/** What every way to listen takes. */
export interface ListenOptions {
  /** Called for each connection, which it owns from then on. */
  readonly accept: (connection: Duplex) => void
  /** Gives up opening, or closes the listener. */
  readonly signal?: AbortSignal
}
