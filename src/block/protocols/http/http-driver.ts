import { BlockError } from '../../block-error.ts'
import type { Access } from '../../graph/access.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { ChildRole, Driver, ImageDetails, NestedOptions, RequestOptions } from '../../open/driver.ts'
import type { OptionValues } from '../../open/option-bag.ts'
import type { HttpClient } from './http-client.ts'
import { ReadAhead } from './read-ahead.ts'

const sector = 512

/** A file on a web server, to read. */
export class HttpDriver implements Driver {
  readonly name: string
  readonly filename: string | undefined
  readonly length: number
  readonly children: ReadonlyMap<ChildRole, BlockNode> = new Map()
  readonly #client: HttpClient
  readonly #ahead: ReadAhead
  readonly #given: OptionValues

  constructor(name: string, client: HttpClient, file: { bytes: number; ahead: number; given: OptionValues }) {
    this.name = name
    this.length = Math.ceil(file.bytes / sector) * sector
    this.#client = client
    this.#given = file.given
    this.filename = Object.keys(file.given).length > 1 ? undefined : String(file.given['url'])
    this.#ahead = new ReadAhead(file.bytes, file.ahead, (offset, length) => client.read(offset, length))
  }

  fullOptions(): NestedOptions {
    return { driver: this.name, ...this.#given }
  }

  async readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    try {
      await this.#ahead.readInto(offset, target)
    } catch (cause) {
      throw new BlockError('io', 'Input/output error', { code: 'EIO' }, { cause })
    }
  }

  /** Nobody writes to a web server. @throws {BlockError} kind `read-only` */
  async setAccess({ uses }: Access): Promise<void> {
    if (uses.includes('write') || uses.includes('resize')) throw refusal()
  }

  async write(): Promise<void> {
    throw refusal()
  }

  async flush(): Promise<void> {}

  async truncate(): Promise<void> {
    throw refusal()
  }

  async details(): Promise<ImageDetails> {
    return {}
  }

  async close(): Promise<void> {
    this.#client.close()
  }
}

function refusal(): BlockError {
  return new BlockError('read-only', 'curl driver does not support writes')
}
