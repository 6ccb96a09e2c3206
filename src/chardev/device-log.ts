import type { FileSource } from '../descriptors/index.ts'
import type { Duplex } from '../transport/index.ts'
import { FileStore } from './file-store.ts'
import { forwardedStream } from './forwarded-stream.ts'

/** A file that gets a copy of all that is sent to a device. What it does not take is lost. */
export class DeviceLog implements Disposable {
  readonly #file: FileStore
  #waiting: Uint8Array[] = []
  #state: 'idle' | 'writing' | 'ending' = 'idle'

  /** @throws {ChardevError} `open`, if it cannot be made */
  constructor({ path, append }: { readonly path: string; readonly append: boolean }, files?: FileSource) {
    this.#file = FileStore.create(path, append, files)
  }

  /** Bytes that were sent; they are the log's. */
  readonly add = (bytes: Uint8Array): void => {
    if (this.#state === 'ending') return
    this.#waiting.push(bytes)
    if (this.#state === 'idle') this.#next()
  }

  /** A stream whose sent bytes are logged. */
  copy(stream: Duplex): Duplex {
    return forwardedStream(stream, {
      write: (data, descriptors) => {
        this.add(typeof data === 'string' ? Buffer.from(data) : Uint8Array.from(data))
        return stream.write(data, descriptors)
      },
    })
  }

  /** Takes nothing more; the file is closed when it has what is left. */
  [Symbol.dispose](): void {
    if (this.#state === 'idle') this.#file.release()
    this.#state = 'ending'
  }

  #next(): void {
    const bytes = Buffer.concat(this.#waiting.splice(0))
    if (bytes.length === 0) {
      if (this.#state === 'ending') this.#file.release()
      else this.#state = 'idle'
      return
    }
    if (this.#state === 'idle') this.#state = 'writing'
    this.#file.put(bytes, () => this.#next())
  }
}
