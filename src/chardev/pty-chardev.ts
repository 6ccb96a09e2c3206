import { Scope } from '../async/index.ts'
import { reasonText, systemCode } from '../errno/index.ts'
import { clearInterval, setInterval } from '../timers/index.ts'
import { type Duplex, Pty } from '../transport/index.ts'
import type { Chardev, Frontend } from './chardev.ts'
import { ChardevError } from './chardev-error.ts'
import { Connections } from './connections.ts'
import type { DeviceLog } from './device-log.ts'

/** How often to look whether a program has opened the terminal; QEMU looks as often. */
const lookMilliseconds = 1000

/** @throws {TransportError}, {ChardevError} */
function openPty(): Pty {
  try {
    return Pty.open()
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    throw new ChardevError('open', `Failed to create PTY: ${reasonText(error)}`, error)
  }
}

/** A pseudo-terminal. Each time that programs open it is a connection of its own, until the last one has left. */
export class PtyChardev implements Chardev {
  readonly label: string
  readonly awaited: Promise<void> | undefined = undefined
  readonly #pty: Pty
  readonly #connections: Connections
  readonly #scope = new Scope()

  /** @throws {TransportError} `unsupported`, where there are no pseudo-terminals; {ChardevError} `open`, if none is left */
  constructor(label: string, log?: DeviceLog) {
    this.label = label
    this.#pty = openPty()
    this.#scope.own(this.#pty)
    this.#connections = new Connections({ label, log })
    const timer = setInterval(() => this.#look(), lookMilliseconds)
    this.#scope.own(() => clearInterval(timer))
  }

  get filename(): string {
    return `pty:${this.#pty.path}`
  }

  get frontend(): Frontend | undefined {
    return this.#connections.frontend
  }

  get frontendOpen(): boolean {
    return this.#connections.frontendOpen
  }

  attach(frontend: Frontend): void {
    this.#connections.attach(frontend)
  }

  detach(frontend: Frontend): void {
    this.#connections.detach(frontend)
  }

  async close(): Promise<void> {
    await this.#scope.close()
    await this.#connections.close()
  }

  destroy(): void {
    void this.#scope.close()
    this.#connections.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #look(): void {
    if (this.#connections.first !== undefined || !this.#pty.occupied) return
    let stream: Duplex
    try {
      stream = this.#pty.connect()
    } catch {
      return // no descriptor is left now; whoever waits there is found again
    }
    this.#connections.add(stream)
  }
}
