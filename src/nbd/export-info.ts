import {
  concatenate,
  counted,
  readU16,
  readU32,
  readWide,
  toBytes,
  toText,
  u16,
  u32,
  u64,
  type Wide,
} from './big-endian.ts'
import { exportFlags, infos } from './wire-values.ts'

/** How large requests may be, in bytes. */
export interface BlockSizes {
  /** Offsets and lengths are multiples of this. */
  readonly minimum: number
  readonly preferred: number
  /** The most that one request moves. */
  readonly maximum: number
}

/** One piece of information of an INFO or a GO. */
export type ExportInfo =
  | { readonly type: 'export'; readonly size: Wide; readonly flags: number }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'description'; readonly description: string }
  | { readonly type: 'block-size'; readonly sizes: BlockSizes }
  /** Of a kind that we do not know. */
  | { readonly type: 'other'; readonly kind: number }

/** The bytes that follow the header of a reply of type `info`. */
export function exportInfo(info: Exclude<ExportInfo, { type: 'other' }>): Uint8Array {
  switch (info.type) {
    case 'export':
      return concatenate(u16(infos.export), u64(info.size), u16(info.flags))
    case 'name':
      return concatenate(u16(infos.name), toBytes(info.name))
    case 'description':
      return concatenate(u16(infos.description), toBytes(info.description))
    case 'block-size': {
      const { minimum, preferred, maximum } = info.sizes
      return concatenate(u16(infos.blockSize), u32(minimum, preferred, maximum))
    }
  }
}

/** @returns undefined, if the bytes are not of the length that their kind has */
export function readExportInfo(payload: Uint8Array): ExportInfo | undefined {
  if (payload.byteLength < 2) return undefined
  const kind = readU16(payload, 0)
  const rest = payload.subarray(2)
  switch (kind) {
    case infos.export:
      if (rest.byteLength !== 10) return undefined
      return { type: 'export', size: readWide(rest, 0), flags: readU16(rest, 8) }
    case infos.name:
      return { type: 'name', name: toText(rest) }
    case infos.description:
      return { type: 'description', description: toText(rest) }
    case infos.blockSize: {
      if (rest.byteLength !== 12) return undefined
      const [minimum, preferred, maximum] = [readU32(rest, 0), readU32(rest, 4), readU32(rest, 8)]
      return { type: 'block-size', sizes: { minimum, preferred, maximum } }
    }
    default:
      return { type: 'other', kind }
  }
}

/** The answer to EXPORT_NAME: no header, and 124 zeroes unless the client does without. */
export function exportNameReply(size: Wide, flags: number, noZeroes: boolean): Uint8Array {
  return concatenate(u64(size), u16(flags), new Uint8Array(noZeroes ? 0 : exportNameZeroes))
}

export const exportNameZeroes = 124

export function readExportNameReply(bytes: Uint8Array): { readonly size: Wide; readonly flags: number } {
  return { size: readWide(bytes, 0), flags: readU16(bytes, 8) }
}

/** One export of a LIST. */
export interface ListedExport {
  readonly name: string
  /** For a person; perhaps empty. */
  readonly description: string
}

export function listedExport({ name, description }: ListedExport): Uint8Array {
  return concatenate(counted(name), toBytes(description))
}

/** @returns undefined, if the lengths do not fit */
export function readListedExport(payload: Uint8Array): ListedExport | undefined {
  if (payload.byteLength < 4) return undefined
  const end = 4 + readU32(payload, 0)
  if (end > payload.byteLength) return undefined
  return { name: toText(payload.subarray(4, end)), description: toText(payload.subarray(end)) }
}

/** A kind of knowledge about ranges, and the number by which replies mean it. */
export interface MetaContext {
  readonly id: number
  readonly name: string
}

export function metaContext({ id, name }: MetaContext): Uint8Array {
  return concatenate(u32(id), toBytes(name))
}

/** @returns undefined, if there is no number */
export function readMetaContext(payload: Uint8Array): MetaContext | undefined {
  if (payload.byteLength <= 4) return undefined
  return { id: readU32(payload, 0), name: toText(payload.subarray(4)) }
}

const flagNames: readonly (readonly [number, string])[] = [
  [exportFlags.readOnly, 'readonly'],
  [exportFlags.sendFlush, 'flush'],
  [exportFlags.sendFua, 'fua'],
  [exportFlags.rotational, 'rotational'],
  [exportFlags.sendTrim, 'trim'],
  [exportFlags.sendWriteZeroes, 'zeroes'],
  [exportFlags.sendDf, 'df'],
  [exportFlags.canMultiConn, 'multi'],
  [exportFlags.sendResize, 'resize'],
  [exportFlags.sendCache, 'cache'],
  [exportFlags.sendFastZero, 'fast-zero'],
]

/** What QEMU calls the flags of an export where it lists them. */
export function exportFlagNames(flags: number): string[] {
  return flagNames.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name)
}
