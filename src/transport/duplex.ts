/**
 * One shape for every byte stream: unix and TCP sockets, stdio, pseudo-terminals, in-memory pairs.
 *
 * Data is pushed to a sink, which is the fastest way through Node; back-pressure goes both ways: a reader calls
 * `pause()` and `resume()`, a writer stops when `write()` returns false and goes on at `drain()`.
 */
export interface Duplex extends AsyncDisposable {
  /** What kind of transport this is, as QEMU's address types name it. */
  readonly kind: 'unix' | 'inet' | 'stdio' | 'pty' | 'memory' | 'fd'
  readonly local: Address | undefined
  readonly remote: Address | undefined

  /** Begins delivery; called once. Nothing is read before. */
  start(sink: DuplexSink): void
  /** Stops delivery until `resume()`; at most what is already being delivered still comes. */
  pause(): void
  resume(): void

  /**
   * Queues bytes (a string is sent as UTF-8). False means that the buffer is full: the data is taken all the same, but
   * a polite writer waits for `drain()`. After the end, what is written is dropped and false comes back.
   */
  write(data: Uint8Array | string, descriptors?: readonly number[]): boolean
  /** Bytes that wait to be sent. */
  readonly buffered: number

  /** Ends the sending side after what is queued (half-close); reading goes on. */
  end(): void
  /** Sends what is queued, then closes both sides. Later callers join the first. */
  close(): Promise<void>
  /** Closes at once and drops what is queued. */
  destroy(reason?: Error): void
  /** Settles (never rejects) when both sides are closed and the descriptor is released. */
  readonly closed: Promise<void>
}

export interface DuplexSink {
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
  /** Stops accepting: peers wait in the system's backlog until `resume()`. */
  pause(): void
  resume(): void
  close(): Promise<void>
}

/** Opens listeners and connections of one transport. */
export interface ListenOptions {
  /** Called for each connection, which it owns from then on. */
  readonly accept: (connection: Duplex) => void
  readonly signal?: AbortSignal
}
