import { close, constants, openSync, write } from 'node:fs'
import { FdSetError, type FileSource, type OpenedFile } from '../descriptors/index.ts'
import { reasonText } from '../errno/index.ts'
import { ChardevError } from './chardev-error.ts'
import type { ByteStore } from './sink-wire.ts'

const { O_WRONLY, O_CREAT, O_APPEND, O_TRUNC, O_NONBLOCK, O_NOCTTY } = constants

/**
 * A file that grows by what is written to a device. What it does not take (the disk is full) is lost; what comes later
 * may find room again.
 */
export class FileStore implements ByteStore {
  readonly #fd: number
  readonly #passed: OpenedFile | undefined
  #state: 'idle' | 'writing' | 'releasing' = 'idle'

  /** @param passed - if the descriptor was had by a name that stands for one */
  constructor(fd: number, passed: OpenedFile | undefined) {
    this.#fd = fd
    this.#passed = passed
  }

  /** @throws {ChardevError} `open`, if the file cannot be opened */
  static open(path: string, append: boolean, files?: FileSource): FileStore {
    return openStore(path, append, files, (error) => `Could not open '${path}': ${reasonText(error)}`)
  }

  /** As `open()`, for what QEMU makes rather than opens. */
  static create(path: string, append: boolean, files?: FileSource): FileStore {
    const complaint = (error: unknown): string =>
      error instanceof FdSetError ? error.message : `Could not create '${path}': ${reasonText(error)}`
    return openStore(path, append, files, complaint)
  }

  put(bytes: Uint8Array, taken: () => void): void {
    this.#state = 'writing'
    write(this.#fd, bytes, (error, count) => {
      if (this.#state === 'releasing') {
        this.#close()
        return
      }
      this.#state = 'idle'
      if (error === null && count < bytes.length) this.put(bytes.subarray(count), taken)
      else taken()
    })
  }

  release(): void {
    if (this.#state === 'idle') this.#close()
    this.#state = 'releasing'
  }

  #close(): void {
    close(this.#fd, () => this.#passed?.closed())
  }
}

function openStore(
  path: string,
  append: boolean,
  files: FileSource | undefined,
  complaint: (error: unknown) => string,
): FileStore {
  const flags = O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC)
  try {
    const passed = files?.open(path, flags)
    // What has another side does not wait for it.
    return new FileStore(passed?.fd ?? openSync(path, flags | O_NONBLOCK | O_NOCTTY), passed)
  } catch (error) {
    throw new ChardevError('open', complaint(error), error)
  }
}
