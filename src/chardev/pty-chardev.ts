import { Scope } from '../async/index.ts'
import { Pty } from '../transport/index.ts'
import type { Chardev, Frontend } from './chardev.ts'
import { Connections } from './connections.ts'

/** How often to look whether a program has opened the terminal; QEMU looks as often. */
const lookMilliseconds = 1000

/** A pseudo-terminal. Each time that programs open it is a connection of its own, until the last one has left. */
export class PtyChardev implements Chardev {
  readonly label: string
  readonly awaited: Promise<void> | undefined = undefined
  readonly #pty: Pty
  readonly #connections: Connections
  readonly #scope = new Scope()

  /** @throws {TransportError} `unsupported`, where there are no pseudo-terminals */
  constructor(label: string) {
    this.label = label
    this.#pty = Pty.open()
    this.#scope.own(this.#pty)
    this.#connections = new Connections({ label })
    const timer = setInterval(() => this.#look(), lookMilliseconds)
    this.#scope.own(() => clearInterval(timer))
  }

  get filename(): string {
    return `pty:${this.#pty.path}`
  }

  get frontendOpen(): boolean {
    return this.#connections.frontendOpen
  }

  attach(frontend: Frontend): void {
    this.#connections.attach(frontend)
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
    if (this.#connections.first === undefined && this.#pty.occupied) this.#connections.add(this.#pty.connect())
  }
}
