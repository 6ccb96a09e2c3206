import { closeSync, openSync, writeSync } from 'node:fs'

/**
 * What is said between a test and the machine, with seconds since the test connected: `[R +0.000123] inb 0x70`. Goes to
 * standard error, to a file, or (`none`) nowhere; nothing comes of a file that cannot be written.
 */
export class QtestLog {
  readonly #file: number | undefined
  readonly #owned: boolean
  #connectedAt: number | undefined

  /** @param target - as `-qtest-log` says it; undefined for standard error */
  constructor(target: string | undefined) {
    this.#owned = target !== undefined && target !== 'none'
    this.#file = target === undefined ? 2 : this.#owned ? opened(target!) : undefined
  }

  connected(): void {
    this.#connectedAt = performance.now()
    this.#write('[I 0.000000] OPENED\n')
  }

  left(): void {
    this.#write(`[I +${this.#elapsed}] CLOSED\n`)
    this.#connectedAt = undefined
  }

  received(line: string): void {
    this.#write(`[R +${this.#elapsed}] ${line}\n`)
  }

  /** @param plain - QEMU says no time of some answers */
  sent(text: string, { plain = false }: { readonly plain?: boolean } = {}): void {
    if (this.#connectedAt !== undefined) this.#write(plain ? text : `[S +${this.#elapsed}] ${text}`)
  }

  close(): void {
    if (this.#owned && this.#file !== undefined) closeSync(this.#file)
  }

  get #elapsed(): string {
    return ((performance.now() - (this.#connectedAt ?? performance.now())) / 1000).toFixed(6)
  }

  #write(text: string): void {
    if (this.#file === undefined) return
    try {
      writeSync(this.#file, text)
    } catch {
      // It is no worse to lose lines than to end the machine for them.
    }
  }
}

function opened(path: string): number | undefined {
  try {
    return openSync(path, 'w+')
  } catch {
    return undefined
  }
}
