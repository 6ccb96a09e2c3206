import { attachRequests } from './attach-requests.ts'
import { attributeRequests } from './attribute-requests.ts'
import { Fids } from './fids.ts'
import { FileError, numberOf } from './file-error.ts'
import { fileRequests } from './file-requests.ts'
import { headBytes, MessageReader, MessageWriter } from './message.ts'
import { nameRequests } from './name-requests.ts'
import type { Requests } from './request.ts'
import { SeenFiles } from './seen-files.ts'
import type { SharedFolder } from './shared-folder.ts'
import { xattrRequests } from './xattr-requests.ts'

const requests: Requests = {
  ...attachRequests,
  ...attributeRequests,
  ...fileRequests,
  ...nameRequests,
  ...xattrRequests,
}
const errorAnswer = 7

/**
 * A guest's conversation about a folder: 9P2000.L, one request after the other.
 *
 * @see https://github.com/chaos/diod/blob/master/protocol.md
 */
export class NinePSession {
  readonly #shared: SharedFolder
  readonly #fids = new Fids()
  readonly #seen: SeenFiles
  readonly #negotiated = { largest: 0 }
  #last: Promise<unknown> = Promise.resolve()

  constructor(shared: SharedFolder) {
    this.#shared = shared
    this.#seen = new SeenFiles(shared)
  }

  /** Whether the guest names files: it has mounted the folder. */
  get inUse(): boolean {
    return this.#fids.size > 0
  }

  /** Answers a message, when those before it have been. Whatever is in it, there is an answer. */
  answer(message: Uint8Array): Promise<Uint8Array> {
    return this.#inTurn(() => this.#answer(message))
  }

  /** The guest names nothing any more. */
  reset(): Promise<void> {
    return this.#inTurn(async () => {
      this.#negotiated.largest = 0
      await this.#fids.clear()
    })
  }

  async close(): Promise<void> {
    await this.reset()
    await this.#shared.folder.close()
  }

  async #answer(message: Uint8Array): Promise<Uint8Array> {
    const reader = new MessageReader(message)
    let tag = 0xffff
    try {
      const length = reader.u32()
      const type = reader.u8()
      tag = reader.u16()
      if (length > message.length || length < headBytes) throw new FileError('EINVAL')
      const request = requests[type]
      if (request === undefined) throw new FileError('EOPNOTSUPP')
      if (request.writes === true && this.#shared.options.readOnly) throw new FileError('EROFS')
      const answer = new MessageWriter()
      await request.serve(reader, answer, {
        ...{ shared: this.#shared, fids: this.#fids, seen: this.#seen, negotiated: this.#negotiated },
      })
      return answer.message(type + 1, tag)
    } catch (error) {
      return new MessageWriter().u32(numberOf(error)).message(errorAnswer, tag)
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }
}
