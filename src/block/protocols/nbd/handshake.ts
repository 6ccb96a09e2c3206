import {
  clientFlags,
  clientOption,
  exportFlags,
  exportNameZeroes,
  GreetingParser,
  handshakeFlags,
  options,
  readExportNameReply,
  toBytes,
} from '../../../nbd/index.ts'
import { disagreement } from './failures.ts'
import { checkedSize, type ExportTerms, Haggler } from './haggler.ts'
import type { Incoming } from './incoming.ts'

/** What a client wants. */
export interface Wish {
  /** Name of the export. */
  readonly name: string
  /** What to ask of ranges; `base:allocation` unless the user wants another. */
  readonly context: string
}

/** What both have agreed on. */
export interface Terms extends ExportTerms {
  readonly structured: boolean
  /** By which number replies mean the context; undefined if the server does not have it. */
  readonly context: number | undefined
}

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

/** Whether an export can only be read. */
export function isReadOnly({ flags }: Terms): boolean {
  return (flags & exportFlags.readOnly) !== 0
}
