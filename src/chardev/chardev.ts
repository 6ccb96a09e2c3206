import type { Duplex } from '../transport/index.ts'

/**
 * The host's side of a character device: where the bytes of a serial port or a monitor go to and come from.
 */
export interface Chardev extends AsyncDisposable {
  readonly label: string
  /** What it is and where, as query-chardev shows it: `disconnected:unix:qmp.sock,server=on`, `null`, `stdio`. */
  readonly filename: string
  /** Whether a front end is attached. */
  readonly frontendOpen: boolean
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
}
