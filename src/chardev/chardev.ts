import type { Duplex } from '../transport/index.ts'

/**
 * The host's side of a character device: where the bytes of a serial port or a monitor go to and come from.
 */
export interface Chardev extends AsyncDisposable {
  readonly label: string
  /** What it is and where, as query-chardev shows it: `disconnected:unix:qmp.sock,server=on`, `null`, `stdio`. */
  readonly filename: string
  /** Whether a front end is attached, and listens. */
  readonly frontendOpen: boolean
  /** Who is attached; of a shared device, who gets what comes in. */
  readonly frontend: Frontend | undefined
  /**
   * Settles when somebody has connected, for a device that the machine has to wait for before it starts (`wait=on`);
   * undefined for the others. Rejects if the device is closed before.
   */
  readonly awaited: Promise<void> | undefined

  /**
   * Gives the device its front end, which gets the connections there are and those to come.
   *
   * @throws {ChardevError} `in-use`, if it has one already
   */
  attach(frontend: Frontend): void
  /** Takes a front end that `leaves` from the device, whose connections stay, for another one. */
  detach(frontend: Frontend): void
  /**
   * Takes no more connections, sends what is queued in those there are, and closes them; who does not read is dropped
   * after a second.
   */
  close(): Promise<void>
  /** Closes at once. */
  destroy(): void
}

/** The guest's or the monitor's side of a character device. */
export interface Frontend {
  /**
   * How many connections it serves at once: any number (true), one (false), or so many. Who comes later waits until
   * somebody leaves.
   */
  readonly concurrent: boolean | number
  /** A connection, not started yet; the front end owns it from then on. */
  connection(stream: Duplex): void
  /** Of those that share a device (`mux=on`): whether what comes in goes to this one. Told before the first connection. */
  focused?(has: boolean): void
  /** Somebody sends a break. */
  readonly broken?: (() => void) | undefined
  /** It may be taken from the device again: its connections go through a relay. */
  readonly leaves?: boolean
  /** Whether it goes on when the device below is changed for another (chardev-change). */
  readonly swaps?: boolean
  /** Whether it listens, if that is not always so. */
  readonly listens?: boolean
  /** Given a log: it gets all that the front end sends, even while nobody is connected. Without this, what is sent to a connection is logged. */
  logTo?(log: ((bytes: Uint8Array) => void) | undefined): void
}
