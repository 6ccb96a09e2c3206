import { qdictOrder } from '../../hash/index.ts'
import type { ImageInfo } from '../graph/node-info.ts'
import { sizeText } from './size-text.ts'
import { snapshotTable } from './snapshot-table.ts'

/** What is shown of an image: QAPI's ImageInfo, whoever has given a type to what only its format has. */
export interface ShownImage extends Omit<ImageInfo, 'format-specific' | 'backing-image'> {
  readonly 'format-specific'?: { readonly data?: unknown }
}

/** What is known of an image, for people: `vmon img info` shows it, and `info block -v` for each image of a chain. */
export function imageText(image: ShownImage): string {
  const {
    format,
    'virtual-size': length,
    'actual-size': actualSize,
    'cluster-size': clusterSize,
    snapshots = [],
  } = image
  const lines = [
    `image: ${image.filename}`,
    `file format: ${format}`,
    `virtual size: ${sizeText(length)} (${length} bytes)`,
    `disk size: ${actualSize === undefined ? 'unavailable' : sizeText(actualSize)}`,
    ...(image.encrypted === true ? ['encrypted: yes'] : []),
    ...(clusterSize === undefined ? [] : [`cluster_size: ${clusterSize}`]),
    ...(image['dirty-flag'] === true ? ['cleanly shut down: no'] : []),
    ...backingLines(image),
    ...(snapshots.length > 0 ? ['Snapshot list:', ...snapshotTable(snapshots)] : []),
    ...specificLines(image['format-specific']),
  ]
  return `${lines.join('\n')}\n`
}

function backingLines(image: ShownImage): string[] {
  const { 'backing-filename': name, 'full-backing-filename': path, 'backing-filename-format': format } = image
  if (name === undefined) return []
  const elsewhere =
    name === path ? '' : path === undefined ? ' (cannot determine actual path)' : ` (actual path: ${path})`
  return [`backing file: ${name}${elsewhere}`, ...(format === undefined ? [] : [`backing file format: ${format}`])]
}

/** What only one format has, for people; QAPI's ImageInfoSpecific. */
export function specificLines(specific: ShownImage['format-specific']): string[] {
  const data = specific?.data
  if (data === undefined) return []
  return ['Format specific information:', ...indented(data as Record<string, unknown>, 1)]
}

/** Nested values, one a line, as QEMU shows them to people. */
function indented(values: Readonly<Record<string, unknown>> | readonly unknown[], depth: number): string[] {
  const margin = '    '.repeat(depth)
  const keys = Object.keys(values)
  return (Array.isArray(values) ? keys : qdictOrder(keys)).flatMap((key) => {
    const value = (values as Readonly<Record<string, unknown>>)[key]
    const name = Array.isArray(values) ? `[${key}]` : key.replaceAll('-', ' ')
    if (typeof value !== 'object' || value === null) return [`${margin}${name}: ${String(value)}`]
    return [`${margin}${name}:`, ...indented(value as Record<string, unknown>, depth + 1)]
  })
}
