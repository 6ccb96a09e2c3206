import { type BlockSizes, clientOption, commands, handshakeFlags, options, requestHeader } from '../../../nbd/index.ts'
import { disagreement, LinkLost } from './failures.ts'
import { type ExportTerms, Haggler } from './haggler.ts'
import type { Greeted } from './handshake.ts'
import type { Incoming } from './incoming.ts'
import { meet, type NbdServerPlace, told } from './meet.ts'

/** An export of a server, as far as the server tells. */
export interface FoundExport {
  readonly name: string
  /** For a person; perhaps empty. */
  readonly description: string
  /** Bytes. */
  readonly size?: number
  /** Of `exportFlags`. */
  readonly flags?: number
  readonly sizes?: Partial<BlockSizes>
  /** What may be asked of ranges. */
  readonly contexts?: readonly string[]
}

/**
 * Asks a server which exports it has.
 *
 * @throws {BlockError} in QEMU's words, if nobody is there, or it does not list them
 */
export async function listExports(place: NbdServerPlace): Promise<FoundExport[]> {
  try {
    const { incoming, agreed } = await meet(place, ask)
    await incoming.leave(new LinkLost('closed'))
    return agreed
  } catch (error) {
    throw told(error)
  }
}

async function ask(incoming: Incoming, greeted: Greeted): Promise<FoundExport[]> {
  if (greeted.style === 'old') {
    incoming.stream.write(requestHeader({ command: commands.disconnect, flags: 0, cookie: 0n, offset: 0, length: 0 }))
    return [{ name: '', description: '', size: greeted.size, flags: greeted.flags }]
  }
  if ((greeted.agreed & handshakeFlags.fixedNewStyle) === 0) throw disagreement('Server does not support export lists')
  const haggler = new Haggler(incoming)
  const structured = await haggler.simple(options.structuredReply)
  const found: FoundExport[] = []
  let tellsMore = true
  for (const listed of await haggler.list()) {
    const terms: ExportTerms | undefined = tellsMore ? await haggler.go(listed.name, options.info) : undefined
    // A server that does not know the question for one export does not know it for another.
    tellsMore = terms !== undefined
    const contexts = structured && tellsMore ? await haggler.contexts(listed.name) : []
    found.push({ ...listed, ...terms, contexts })
  }
  incoming.stream.write(clientOption(options.abort))
  return found
}
