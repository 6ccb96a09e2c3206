import { ScsiFailure, senses } from './sense.ts'

/** What MODE SENSE tells of a unit. */
export interface ModeShape {
  /** Pages by their numbers: what is in them, behind number and length. */
  readonly pages: ReadonlyMap<number, () => readonly number[]>
  readonly readOnly: boolean
  readonly isDisk: boolean
  readonly blocks: number
  readonly blockBytes: number
}

const allPages = 0x3f
/** Which values are wanted: those that there are, those that can be changed, those from the start, those that are kept. */
const control = { current: 0, changeable: 1, saved: 3 } as const

/** MODE SENSE of 6 or 10 bytes. @throws {ScsiFailure} if there is no such page */
export function modeSense(cdb: Uint8Array, { pages, readOnly, isDisk, blocks, blockBytes }: ModeShape): Uint8Array {
  const long = cdb[0] === 0x5a
  const [wanted, page] = [cdb[2]! >> 6, cdb[2]! & allPages]
  if (wanted === control.saved) throw new ScsiFailure(senses.savingNotSupported)
  const withBlocks = isDisk && (cdb[1]! & 8) === 0 && blocks > 0
  const descriptor = withBlocks ? [...number(Math.min(blocks, 0xff_ffff), 4), ...number(blockBytes, 4)] : []
  const chosen = page === allPages ? [...pages.keys()] : [page]
  const body = chosen.flatMap((one) => {
    const content = pages.get(one)?.()
    if (content === undefined) throw new ScsiFailure(senses.invalidField)
    return [one, content.length, ...(wanted === control.changeable ? content.map(() => 0) : content)]
  })
  // Disks can take writes around the cache, and may be protected.
  const flags = isDisk ? (readOnly ? 0x80 : 0) : 0
  const rest = [...descriptor, ...body]
  const header = long
    ? [...number(rest.length + 6, 2), 0, flags, 0, 0, ...number(descriptor.length, 2)]
    : [rest.length + 3, 0, flags, descriptor.length]
  const allocated = long ? (cdb[7]! << 8) | cdb[8]! : cdb[4]!
  return Uint8Array.from([...header, ...rest]).subarray(0, allocated)
}

function number(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => Math.floor(value / 2 ** (8 * (bytes - 1 - index))) & 0xff)
}
