import { isIdentifier } from '../keyval/index.ts'
import { MigrationError } from './migration-error.ts'

/** A bitmap here, and its name in the stream (QAPI BitmapMigrationBitmapAlias). */
export interface BitmapAlias {
  readonly name: string
  readonly alias: string
  readonly transform?: { readonly persistent?: boolean | undefined } | undefined
}

/** A node here, its name in the stream, and its bitmaps that go (QAPI BitmapMigrationNodeAlias). */
export interface NodeAlias {
  readonly nodeName: string
  readonly alias: string
  readonly bitmaps: readonly BitmapAlias[]
}

/** The parameter block-bitmap-mapping. */
export type BitmapMapping = readonly NodeAlias[]

export interface MappedNode extends Omit<NodeAlias, 'bitmaps'> {
  readonly bitmaps: ReadonlyMap<string, BitmapAlias>
}

/** Bytes of a name in the stream. */
export const longestAlias = 255
const longestNodeName = 31
const longestBitmapName = 1023

/** @throws {MigrationError} `request`, if a name is none, or stands for two; in QEMU's words */
export function checkMapping(mapping: BitmapMapping): void {
  mappedBy('name', mapping)
  mappedBy('alias', mapping)
}

/**
 * The nodes and bitmaps of a mapping by the names that they have here, or in the stream.
 *
 * @throws {MigrationError} as `checkMapping()`
 */
export function mappedBy(key: 'name' | 'alias', mapping: BitmapMapping): ReadonlyMap<string, MappedNode> {
  const nodes = new Map<string, MappedNode>()
  for (const node of mapping) {
    const { nodeName, alias } = node
    if (!isIdentifier(alias)) throw refused(`The node alias '${alias}' is not well-formed`)
    checkLength('node alias', alias, longestAlias)
    checkLength('node name', nodeName, longestNodeName)
    if (key === 'name' && nodes.has(nodeName)) throw refused(`The node name '${nodeName}' is mapped twice`)
    if (key === 'alias' && nodes.has(alias)) throw refused(`The node alias '${alias}' is used twice`)
    nodes.set(key === 'name' ? nodeName : alias, { nodeName, alias, bitmaps: bitmapsBy(key, node) })
  }
  return nodes
}

function bitmapsBy(key: 'name' | 'alias', node: NodeAlias): ReadonlyMap<string, BitmapAlias> {
  const bitmaps = new Map<string, BitmapAlias>()
  for (const bitmap of node.bitmaps) {
    const { name, alias } = bitmap
    checkLength('bitmap alias', alias, longestAlias)
    checkLength('bitmap name', name, longestBitmapName)
    if (key === 'name' && bitmaps.has(name)) throw refused(`The bitmap '${node.nodeName}'/'${name}' is mapped twice`)
    if (key === 'alias' && bitmaps.has(alias))
      throw refused(`The bitmap alias '${node.alias}'/'${alias}' is used twice`)
    bitmaps.set(bitmap[key], bitmap)
  }
  return bitmaps
}

function checkLength(what: string, name: string, most: number): void {
  if (Buffer.byteLength(name) > most) throw refused(`The ${what} '${name}' is longer than ${most} bytes`)
}

function refused(text: string): MigrationError {
  return new MigrationError('request', `Invalid mapping given for block-bitmap-mapping: ${text}`)
}
