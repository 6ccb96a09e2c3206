import {
  type BlockSizes,
  clientFlags,
  clientOption,
  exportFlags,
  exportNameZeroes,
  GreetingParser,
  handshakeFlags,
  infoRequest,
  infos,
  isOptionError,
  largestTransfer,
  metaContextRequest,
  type OptionReply,
  OptionReplyParser,
  optionErrorText,
  optionName,
  optionReplies,
  optionReplyName,
  options,
  readExportInfo,
  readExportNameReply,
  readMetaContext,
  toBytes,
} from '../../../nbd/index.ts'
import { disagreement } from './failures.ts'
import type { Incoming } from './incoming.ts'

/** What a client wants. */
export interface Wish {
  /** Name of the export. */
  readonly name: string
  /** What to ask of ranges; `base:allocation` unless the user wants another. */
  readonly context: string
}

/** What both have agreed on. */
export interface Terms {
  /** Bytes. */
  readonly size: number
  /** Of `exportFlags`. */
  readonly flags: number
  readonly sizes: Partial<BlockSizes>
  readonly structured: boolean
  /** By which number replies mean the context; undefined if the server does not have it. */
  readonly context: number | undefined
}

type Reply = Extract<OptionReply, { kind: 'reply' }>

/** What a server has said first. */
export type Greeted =
  | { readonly style: 'old'; readonly size: number; readonly flags: number }
  /** What both can, of `handshakeFlags`; the server has been told. */
  | { readonly style: 'new'; readonly agreed: number }

/** Hears who is there. @throws {BlockError} in QEMU's words, if it is no NBD server @throws {LinkLost} if it goes */
export async function greet(incoming: Incoming): Promise<Greeted> {
  const greeting = await incoming.next(new GreetingParser(incoming.intake))
  if (greeting.style === 'strange') {
    const { magic, version } = greeting
    throw disagreement(
      version === undefined
        ? `Bad initial magic received: 0x${magic.toString(16)}`
        : `Bad server magic received: 0x${version.toString(16)}`,
    )
  }
  if (greeting.style === 'old') return { style: 'old', size: checkedSize(greeting.size), flags: greeting.flags }
  const agreed = greeting.flags & (handshakeFlags.fixedNewStyle | handshakeFlags.noZeroes)
  incoming.stream.write(clientFlags(agreed))
  return { style: 'new', agreed }
}

/** Asks for TLS; what comes next is the handshake. @throws {BlockError} in QEMU's words @throws {LinkLost} */
export async function startTls(incoming: Incoming, greeted: Greeted): Promise<void> {
  if (greeted.style === 'old' || (greeted.agreed & handshakeFlags.fixedNewStyle) === 0)
    throw disagreement('Server does not support STARTTLS')
  const taken = await new Haggler(incoming).simple(options.startTls, 'needed')
  if (!taken) throw disagreement("Server don't support STARTTLS option")
}

/**
 * The client's side of the haggling.
 *
 * @throws {BlockError} in QEMU's words, if the server does not have what is wanted, or makes no sense
 * @throws {LinkLost} if it goes
 */
export async function negotiate(incoming: Incoming, greeted: Greeted, { name, context }: Wish): Promise<Terms> {
  if (greeted.style === 'old') {
    if (name !== '') throw disagreement('Server does not support non-empty export names')
    return { size: greeted.size, flags: greeted.flags, sizes: {}, structured: false, context: undefined }
  }
  const { agreed } = greeted
  const haggler = new Haggler(incoming)
  const fixed = (agreed & handshakeFlags.fixedNewStyle) !== 0
  const structured = fixed && (await haggler.simple(options.structuredReply))
  const id = structured ? await haggler.context(name, context) : undefined
  const info = fixed ? await haggler.go(name) : undefined
  if (info !== undefined) return { ...info, structured, context: id }
  const noZeroes = (agreed & handshakeFlags.noZeroes) !== 0
  return { ...(await byExportName(incoming, name, noZeroes)), sizes: {}, structured, context: id }
}

/** What servers do that know no better. */
async function byExportName(
  incoming: Incoming,
  name: string,
  noZeroes: boolean,
): Promise<Pick<Terms, 'size' | 'flags'>> {
  incoming.stream.write(clientOption(options.exportName, toBytes(name)))
  const { size, flags } = readExportNameReply(await incoming.take(10))
  if (!noZeroes) await incoming.take(exportNameZeroes)
  return { size: checkedSize(size), flags }
}

/** Sends options, and understands the answers. */
class Haggler {
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
      const context = readMetaContext(reply.payload)
      if (context === undefined) {
        const length = reply.payload.byteLength
        throw disagreement(`Failed to negotiate meta context, server answered with unexpected length ${length}`)
      }
      if (context.name !== query) {
        const text = `Failed to negotiate meta context '${query}', server answered with different context '${context.name}'`
        throw disagreement(text)
      }
      if (id !== undefined) throw disagreement('Server answered with more than one context')
      id = context.id
    }
  }

  /** @returns undefined, if the server does not know this way to choose an export */
  async go(name: string): Promise<Pick<Terms, 'size' | 'flags' | 'sizes'> | undefined> {
    const option = options.go
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

function unexpected({ type }: Reply, expected: number): Error {
  return disagreement(
    `Unexpected reply type ${type} (${optionReplyName(type)}), expected ${expected} (${optionReplyName(expected)})`,
  )
}

function checkedSize(size: number | bigint): number {
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

/** Whether an export can only be read. */
export function isReadOnly({ flags }: Terms): boolean {
  return (flags & exportFlags.readOnly) !== 0
}
