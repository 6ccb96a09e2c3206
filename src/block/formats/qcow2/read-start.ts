import type { BlockNode } from '../../graph/node.ts'
import { type Extensions, parseExtensions } from './extensions.ts'
import { damaged, type Header, headerStart, longestBackingFilename, parseHeader } from './header.ts'
import { readPadded } from './load-tables.ts'

export interface Start {
  readonly header: Header
  readonly extensions: Extensions
  readonly backingFilename: string | undefined
}

/** Reads the first cluster: the fields, the extensions, the name of the backing file. @throws {BlockError} */
export async function readStart(file: BlockNode): Promise<Start> {
  const clusterSize = 2 ** parseHeader(await readPadded(file, 0, headerStart)).clusterBits
  const cluster = await readPadded(file, 0, clusterSize)
  const header = parseHeader(cluster)
  const end = header.backingOffset === 0 ? clusterSize : header.backingOffset
  if (header.headerLength > end) throw damaged('Invalid backing file offset')
  const extensions = parseExtensions(cluster.subarray(header.headerLength, end))
  let backingFilename: string | undefined
  if (header.backingOffset !== 0) {
    const longest = Math.min(longestBackingFilename, clusterSize - header.backingOffset)
    if (header.backingLength > longest) throw damaged('Backing file name too long')
    const name = cluster.subarray(header.backingOffset, header.backingOffset + header.backingLength)
    if (name.byteLength > 0) backingFilename = new TextDecoder().decode(name)
  }
  return { header, extensions, backingFilename }
}
