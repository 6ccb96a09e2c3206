import { closeSync } from 'node:fs'
import type { DuplexSink } from './duplex.ts'

/** A sink for tests: keeps what comes, and lets a test wait for it. */
export class RecordingSink implements DuplexSink {
  readonly takesDescriptors = true
  readonly descriptors: number[] = []
  bytes = 0
  drains = 0
  ended = false
  /** What `closed` said, once it has come. */
  over: { readonly reason: Error | undefined } | undefined
  #chunks: Uint8Array[] = []
  #waiting: { readonly condition: () => boolean; readonly resolve: () => void }[] = []

  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }

  get chunkCount(): number {
    return this.#chunks.length
  }

  data(chunk: Uint8Array, descriptors: readonly number[] = []): void {
    this.#chunks.push(chunk)
    this.descriptors.push(...descriptors)
    this.count(chunk.length)
  }

  /** Counts bytes that came, without keeping them. */
  protected count(bytes: number): void {
    this.bytes += bytes
    this.#changed()
  }

  drain(): void {
    this.drains++
    this.#changed()
  }

  end(): void {
    this.ended = true
    this.#changed()
  }

  closed(reason?: Error): void {
    this.over = { reason }
    this.#changed()
  }

  /** Settles when `condition` holds, which is looked at whenever something comes. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ condition, resolve }))
  }

  closeDescriptors(): void {
    for (const descriptor of this.descriptors.splice(0)) closeSync(descriptor)
  }

  #changed(): void {
    const still = this.#waiting.filter(({ condition }) => !condition())
    const met = this.#waiting.filter((each) => !still.includes(each))
    this.#waiting = still
    for (const { resolve } of met) resolve()
  }
}
