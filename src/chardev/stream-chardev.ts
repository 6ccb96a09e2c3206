import type { Duplex } from '../transport/index.ts'
import type { Chardev, Frontend } from './chardev.ts'
import { Connections } from './connections.ts'
import type { DeviceLog } from './device-log.ts'

/** A device that is connected from the start and for good: a file, standard input and output, nothing. */
export class StreamChardev implements Chardev {
  readonly label: string
  readonly filename: string
  readonly awaited: Promise<void> | undefined = undefined
  readonly #connections: Connections

  constructor(label: string, filename: string, stream: Duplex, log?: DeviceLog) {
    this.label = label
    this.filename = filename
    this.#connections = new Connections({ label, log })
    this.#connections.add(stream)
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

  close(): Promise<void> {
    return this.#connections.close()
  }

  destroy(): void {
    this.#connections.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
