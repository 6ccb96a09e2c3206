import {
  type BlockSizes,
  clientOption,
  infoRequest,
  infos,
  isOptionError,
  type ListedExport,
  largestTransfer,
  type MetaContext,
  metaContextRequest,
  type OptionReply,
  OptionReplyParser,
  optionErrorText,
  optionName,
  optionReplies,
  optionReplyName,
  options,
  readExportInfo,
  readListedExport,
  readMetaContext,
} from '../../../nbd/index.ts'
import { disagreement } from './failures.ts'
import type { Incoming } from './incoming.ts'

/** What a server says of an export. */
export interface ExportTerms {
  /** Bytes. */
  readonly size: number
  /** Of `exportFlags`. */
  readonly flags: number
  readonly sizes: Partial<BlockSizes>
}

type Reply = Extract<OptionReply, { kind: 'reply' }>

/** A server that names more than that is not listened to. */
const mostListed = 65536

/** Sends options, and understands the answers. */
export class Haggler {
  readonly #incoming: Incoming
  readonly #parser: OptionReplyParser

  constructor(incoming: Incoming) {
    this.#incoming = incoming
    this.#parser = new OptionReplyParser(incoming.intake)
  }

  /** Sends an option that is taken or not. One that is needed ends the haggling if it is refused for a reason. */
  async simple(option: number, needed?: 'needed'): Promise<boolean> {
    this.#incoming.stream.write(clientOption(option))
    const reply = await this.#reply(option)
    if (isOptionError(reply.type)) return needed === undefined ? false : this.#refused(reply)
    if (reply.type === optionReplies.ack) return true
    throw unexpected(reply, optionReplies.ack)
  }

  /** @returns by which number replies mean a context; undefined if the server does not have it */
  async context(name: string, query: string): Promise<number | undefined> {
    const option = options.setMetaContext
    this.#incoming.stream.write(clientOption(option, metaContextRequest({ name, queries: [query] })))
    let id: number | undefined
    for (;;) {
      const reply = await this.#reply(option)
      if (isOptionError(reply.type)) return undefined
      if (reply.type === optionReplies.ack) return id
      if (reply.type !== optionReplies.metaContext) throw unexpected(reply, optionReplies.metaContext)
      const context = readContext(reply.payload)
      if (context.name !== query) {
        const text = `Failed to negotiate meta context '${query}', server answered with different context '${context.name}'`
        throw disagreement(text)
      }
      if (id !== undefined) throw disagreement('Server answered with more than one context')
      id = context.id
    }
  }

  /** The exports that there are; none, if the server does not list them. */
  list(): Promise<ListedExport[]> {
    return this.#many(clientOption(options.list), options.list, optionReplies.server, (payload) => {
      const listed = readListedExport(payload)
      if (listed === undefined) throw disagreement('incorrect option name length')
      return listed
    })
  }

  /** All contexts that an export has; none, if the server does not tell. */
  contexts(name: string): Promise<string[]> {
    const option = options.listMetaContext
    const asked = clientOption(option, metaContextRequest({ name, queries: [] }))
    return this.#many(asked, option, optionReplies.metaContext, (payload) => readContext(payload).name)
  }

  /**
   * Chooses an export (`go`), or asks about it (`info`).
   *
   * @returns undefined, if the server does not know this way to do it
   */
  async go(name: string, option: number = options.go): Promise<ExportTerms | undefined> {
    this.#incoming.stream.write(clientOption(option, infoRequest({ name, wanted: [infos.blockSize] })))
    let found: { readonly size: number; readonly flags: number } | undefined
    let sizes: Partial<BlockSizes> = {}
    for (;;) {
      const reply = await this.#reply(option)
      if (isOptionError(reply.type)) {
        this.#refused(reply)
        return undefined
      }
      if (reply.type === optionReplies.ack) {
        if (found === undefined) throw disagreement('broken server omitted NBD_INFO_EXPORT')
        return { ...found, sizes }
      }
      if (reply.type !== optionReplies.info) throw unexpected(reply, optionReplies.info)
      const info = readExportInfo(reply.payload)
      if (info === undefined) {
        throw disagreement(`remaining export info len ${reply.payload.byteLength - 2} is unexpected size`)
      }
      if (info.type === 'export') found = { size: checkedSize(info.size), flags: info.flags }
      if (info.type === 'block-size') sizes = checkedSizes(info.sizes)
    }
  }

  async #many<T>(asked: Uint8Array, option: number, type: number, read: (payload: Uint8Array) => T): Promise<T[]> {
    this.#incoming.stream.write(asked)
    const found: T[] = []
    for (;;) {
      const reply = await this.#reply(option)
      if (reply.type === optionReplies.ack) return found
      if (isOptionError(reply.type)) {
        this.#refused(reply)
        return found
      }
      if (reply.type !== type) throw unexpected(reply, type)
      if (found.length === mostListed) throw disagreement(`more than ${mostListed} answers to one question`)
      found.push(read(reply.payload))
    }
  }

  async #reply(option: number): Promise<Reply> {
    const reply = await this.#incoming.next(this.#parser)
    if (reply.kind === 'broken') throw disagreement(reply.reason)
    if (reply.option === option) return reply
    throw disagreement(
      `Unexpected option type ${reply.option} (${optionName(reply.option)}), expected ${option} (${optionName(option)})`,
    )
  }

  /** An option that a server does not know can be done without: false. Every other refusal is the end. */
  #refused({ option, type, payload }: Reply): false {
    if (type === optionReplies.errorUnsupported) return false
    const which = `option ${option} (${optionName(option)})`
    const said = optionErrorText(payload)
    const hint = said === '' ? undefined : `server reported: ${said}`
    if (type === optionReplies.errorTlsRequired) {
      throw disagreement(
        `TLS negotiation required before ${which}`,
        ['Did you forget a valid tls-creds?', hint].join('\n'),
      )
    }
    const text: Readonly<Record<number, string>> = {
      [optionReplies.errorPolicy]: `Denied by server for ${which}`,
      [optionReplies.errorInvalid]: `Invalid parameters for ${which}`,
      [optionReplies.errorPlatform]: `Server lacks support for ${which}`,
      [optionReplies.errorUnknown]: 'Requested export not available',
      [optionReplies.errorShutdown]: `Server shutting down before ${which}`,
      [optionReplies.errorBlockSizeRequired]: `Server requires INFO_BLOCK_SIZE for ${which}`,
    }
    throw disagreement(text[type] ?? `Unknown error code when asking for ${which}`, hint)
  }
}

function readContext(payload: Uint8Array): MetaContext {
  const context = readMetaContext(payload)
  if (context !== undefined) return context
  const length = payload.byteLength
  throw disagreement(`Failed to negotiate meta context, server answered with unexpected length ${length}`)
}

function unexpected({ type }: Reply, expected: number): Error {
  return disagreement(
    `Unexpected reply type ${type} (${optionReplyName(type)}), expected ${expected} (${optionReplyName(expected)})`,
  )
}

/** @throws {BlockError} in QEMU's words */
export function checkedSize(size: number | bigint): number {
  if (typeof size === 'number') return size
  throw disagreement('Could not refresh total sector count: File too large')
}

function checkedSizes(sizes: BlockSizes): BlockSizes {
  const { minimum, preferred, maximum } = sizes
  if ((minimum & (minimum - 1)) !== 0 || minimum === 0) {
    throw disagreement(`server minimum block size ${minimum} is not a power of two`)
  }
  if ((preferred & (preferred - 1)) !== 0 || preferred < minimum) {
    throw disagreement(`server preferred block size ${preferred} is not valid`)
  }
  if (maximum < minimum) throw disagreement(`server maximum block size ${maximum} is not valid`)
  return { ...sizes, maximum: Math.min(maximum - (maximum % minimum), largestTransfer) }
}
