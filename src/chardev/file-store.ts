import { close, openSync, write } from 'node:fs'
import { reasonText } from '../errno/index.ts'
import { ChardevError } from './chardev-error.ts'
import type { ByteStore } from './sink-wire.ts'

/** A file that grows by what is written to a device. */
export class FileStore implements ByteStore {
  readonly #fd: number
  #state: 'idle' | 'writing' | 'releasing' = 'idle'

  /** @throws {ChardevError} `open`, if the file cannot be opened */
  constructor(path: string, append: boolean) {
    try {
      this.#fd = openSync(path, append ? 'a' : 'w')
    } catch (error) {
      throw new ChardevError('open', `Could not open '${path}': ${reasonText(error)}`, error)
    }
  }

  put(bytes: Uint8Array, taken: (error?: Error | null) => void): void {
    this.#state = 'writing'
    write(this.#fd, bytes, (error, count) => {
      if (this.#state === 'releasing') {
        this.#close()
        return
      }
      this.#state = 'idle'
      if (error === null && count < bytes.length) this.put(bytes.subarray(count), taken)
      else taken(error)
    })
  }

  release(): void {
    if (this.#state === 'idle') this.#close()
    this.#state = 'releasing'
  }

  #close(): void {
    close(this.#fd)
  }
}
