import {
  type ClientOption,
  exportFlags,
  exportInfo,
  exportNameReply,
  type HagglingMessage,
  handshakeFlags,
  infos,
  listedExport,
  longestName,
  metaContext,
  optionError,
  optionName,
  optionReplies,
  optionReply,
  options,
  readContextExport,
  readInfoRequest,
  readMetaContextRequest,
  toText,
  unexpectedLength,
} from '../nbd/index.ts'
import { contextsFor, type ExportContext } from './meta-contexts.ts'
import type { NbdExport } from './nbd-export.ts'

/** Where exports are looked up. */
export interface ExportDirectory {
  /** In the order in which they came. */
  readonly exports: Iterable<NbdExport>
  find(name: string): NbdExport | undefined
}

/** What client and server have agreed on. */
export interface Agreement {
  readonly export: NbdExport
  readonly structured: boolean
  /** What the client may ask of ranges. */
  readonly contexts: readonly ExportContext[]
}

/** What follows from a message. */
export type Answer =
  | { readonly kind: 'reply'; readonly bytes: readonly Uint8Array[] }
  /** Send this, then speak TLS. */
  | { readonly kind: 'tls'; readonly bytes: readonly Uint8Array[] }
  /** Send this, then serve requests. */
  | { readonly kind: 'agreed'; readonly bytes: readonly Uint8Array[]; readonly agreement: Agreement }
  /** Send this and close; `reason` if the client is to blame, in QEMU's words. */
  | { readonly kind: 'end'; readonly bytes: readonly Uint8Array[]; readonly reason?: string }

/** Whether a client must speak TLS: `required` until it does. */
export type TlsState = 'none' | 'required' | 'spoken'

interface Chosen {
  readonly export: NbdExport | undefined
  readonly contexts: readonly ExportContext[]
}

/**
 * The server's side of the haggling: an answer to each message, and what was agreed on. Knows nothing of sockets.
 */
export class Haggling {
  readonly #directory: ExportDirectory
  #tls: TlsState
  #fixed = false
  #noZeroes = false
  #structured = false
  #chosen: Chosen = { export: undefined, contexts: [] }

  constructor(directory: ExportDirectory, { tls }: { readonly tls: 'none' | 'required' }) {
    this.#directory = directory
    this.#tls = tls
  }

  /** The client speaks TLS from here on. */
  secured(): void {
    this.#tls = 'spoken'
  }

  answer(message: HagglingMessage): Answer {
    if (message.kind === 'broken') return end(message.reason)
    if (message.kind === 'flags') return this.#begin(message.flags)
    if (this.#tls === 'required') return this.#beforeTls(message)
    if (!this.#fixed && message.option !== options.exportName) {
      return end(`Unsupported option ${message.option} (${optionName(message.option)})`)
    }
    return this.#answerOption(message)
  }

  #begin(flags: number): Answer {
    const { fixedNewStyle, noZeroes } = handshakeFlags
    this.#fixed = (flags & fixedNewStyle) !== 0
    this.#noZeroes = (flags & noZeroes) !== 0
    const unknown = (flags & ~(fixedNewStyle | noZeroes)) >>> 0
    return unknown === 0 ? reply() : end(`Unknown client flags 0x${unknown.toString(16)} received`)
  }

  #beforeTls({ option, length }: ClientOption): Answer {
    const hex = option.toString(16)
    if (!this.#fixed) return end(`Unsupported option 0x${hex}`)
    if (option === options.startTls) {
      if (length === 0) return { kind: 'tls', bytes: [optionReply(option, optionReplies.ack)] }
      const text = unexpectedLength(option)
      return end(text, optionError(option, optionReplies.errorInvalid, text))
    }
    const text = `Option 0x${hex} not permitted before TLS`
    if (option === options.exportName) return end(text)
    const refusal = optionError(option, optionReplies.errorTlsRequired, text)
    return option === options.abort ? { kind: 'end', bytes: [refusal] } : reply(refusal)
  }

  #answerOption(message: ClientOption): Answer {
    const { option, length, payload } = message
    if (payload.byteLength < length && saysMore.has(option)) {
      return refuse(option, optionReplies.errorTooBig, `option '${optionName(option)}' is too long`)
    }
    switch (option) {
      case options.exportName:
        return this.#exportName(message)
      case options.abort:
        return { kind: 'end', bytes: [optionReply(option, optionReplies.ack)] }
      case options.list:
        return length > 0 ? invalid(option, unexpectedLength(option)) : this.#list()
      case options.startTls:
        if (length > 0) return invalid(option, unexpectedLength(option))
        if (this.#tls === 'spoken') return invalid(option, 'TLS already enabled')
        return refuse(option, optionReplies.errorPolicy, 'TLS not configured')
      case options.info:
      case options.go:
        return this.#info(message)
      case options.structuredReply:
        if (length > 0) return invalid(option, unexpectedLength(option))
        if (this.#structured) return invalid(option, 'structured reply already negotiated')
        this.#structured = true
        return reply(optionReply(option, optionReplies.ack))
      case options.listMetaContext:
      case options.setMetaContext:
        return this.#contexts(message)
      default: {
        const text = `Unsupported option ${option} (${optionName(option)})`
        return refuse(option, optionReplies.errorUnsupported, text)
      }
    }
  }

  #exportName({ length, payload }: ClientOption): Answer {
    if (length > longestName) return end('Bad length received')
    const found = this.#directory.find(toText(payload))
    if (found === undefined) return end('export not found')
    return this.#agree(found, [exportNameReply(found.size, this.#flagsOf(found), this.#noZeroes)])
  }

  #list(): Answer {
    const bytes: Uint8Array[] = []
    for (const { name, description = '' } of this.#directory.exports) {
      bytes.push(optionReply(options.list, optionReplies.server, listedExport({ name, description })))
    }
    return reply(...bytes, optionReply(options.list, optionReplies.ack))
  }

  #info({ option, payload }: ClientOption): Answer {
    const read = readInfoRequest(option, payload)
    if ('problem' in read) return invalid(option, read.problem)
    const { name, wanted } = read.value
    const found = this.#directory.find(name)
    if (found === undefined) return notPresent(option, name)
    const { description, size, blockSizes } = found
    const knowsSizes = wanted.includes(infos.blockSize)
    const sizes = option === options.info || knowsSizes ? blockSizes : { ...blockSizes, minimum: 1 }
    const told = [
      ...(wanted.includes(infos.name) ? [exportInfo({ type: 'name', name })] : []),
      ...(description === undefined ? [] : [exportInfo({ type: 'description', description })]),
      exportInfo({ type: 'block-size', sizes }),
      exportInfo({ type: 'export', size, flags: this.#flagsOf(found) }),
    ].map((info) => optionReply(option, optionReplies.info, info))
    if (option === options.info && !knowsSizes && blockSizes.minimum > 1) {
      const text = 'request NBD_INFO_BLOCK_SIZE to use this export'
      return reply(...told, optionError(option, optionReplies.errorBlockSizeRequired, text))
    }
    const bytes = [...told, optionReply(option, optionReplies.ack)]
    return option === options.go ? this.#agree(found, bytes) : reply(...bytes)
  }

  #contexts({ option, payload }: ClientOption): Answer {
    const setting = option === options.setMetaContext
    if (setting && !this.#structured) {
      return invalid(option, `request option '${optionName(option)}' when structured reply is not negotiated`)
    }
    if (setting) this.#chosen = { export: undefined, contexts: [] }
    const named = readContextExport(option, payload)
    if ('problem' in named) return invalid(option, named.problem)
    const found = this.#directory.find(named.value)
    if (found === undefined) return notPresent(option, named.value)
    const read = readMetaContextRequest(option, payload)
    if ('problem' in read) return invalid(option, read.problem)
    const contexts = contextsFor(found.contexts, read.value.queries, !setting)
    if (setting) this.#chosen = { export: found, contexts }
    const told = contexts.map(({ id, name }) =>
      optionReply(option, optionReplies.metaContext, metaContext({ id: setting ? id : 0, name })),
    )
    return reply(...told, optionReply(option, optionReplies.ack))
  }

  #flagsOf({ flags }: NbdExport): number {
    return this.#structured ? flags | exportFlags.sendDf : flags
  }

  #agree(found: NbdExport, bytes: readonly Uint8Array[]): Answer {
    // What was asked of another export is forgotten.
    const contexts = this.#chosen.export === found ? this.#chosen.contexts : []
    return { kind: 'agreed', bytes, agreement: { export: found, structured: this.#structured, contexts } }
  }
}

/** Options whose bytes must be there to be understood. */
const saysMore: ReadonlySet<number> = new Set([
  options.info,
  options.go,
  options.listMetaContext,
  options.setMetaContext,
])

function reply(...bytes: readonly Uint8Array[]): Answer {
  return { kind: 'reply', bytes }
}

function refuse(option: number, type: number, text: string): Answer {
  return reply(optionError(option, type, text))
}

function invalid(option: number, text: string): Answer {
  return refuse(option, optionReplies.errorInvalid, text)
}

function notPresent(option: number, name: string): Answer {
  const shown = Buffer.byteLength(name) > mostShown ? `${name.slice(0, mostShown)}...` : name
  return refuse(option, optionReplies.errorUnknown, `export '${shown}' not present`)
}

/** Of a name in a message. */
const mostShown = 80

function end(reason: string, ...bytes: readonly Uint8Array[]): Answer {
  return { kind: 'end', bytes, reason: `option negotiation failed: ${reason}` }
}
