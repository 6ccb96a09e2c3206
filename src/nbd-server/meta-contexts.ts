import type { BlockNode, ChainStatus } from '../block/index.ts'
import { chainStatus } from '../block/index.ts'
import { allocationFlags, type Extent } from '../nbd/index.ts'

/** A kind of knowledge about ranges that an export has, as a client asks for it. */
export interface ExportContext {
  readonly name: string
  readonly id: number
  /** What is known of a range, or of its beginning: one piece. The range is not empty. @throws {BlockError} */
  look(offset: number, length: number): Promise<Extent>
}

/** More extents than that are in no reply: a client asks again behind them. */
const mostExtents = 2 ** 17

/** Which bytes are stored, and which are zero. */
export function baseAllocation(node: BlockNode): ExportContext {
  return {
    name: 'base:allocation',
    id: 0,
    async look(offset, length) {
      const status = await chainStatus(node, offset, length)
      return {
        length: status.length,
        flags: (status.data ? 0 : allocationFlags.hole) | (isZero(status) ? allocationFlags.zero : 0),
      }
    },
  }
}

/** Which image of a chain holds the bytes: 1 for the first, 0 for none. */
export function allocationDepth(node: BlockNode): ExportContext {
  return {
    name: 'qemu:allocation-depth',
    id: 1,
    async look(offset, length) {
      const status = await chainStatus(node, offset, length)
      return { length: status.length, flags: status.allocated ? status.depth + 1 : 0 }
    },
  }
}

/** Contexts of bitmaps have the numbers from here on. */
export const firstBitmapId = 2

/**
 * What a context knows of a range, neighbours that are alike joined. A range that is too varied is cut short.
 *
 * @param one - only the first extent
 * @throws {BlockError}
 */
export async function extentsOf(
  context: ExportContext,
  offset: number,
  length: number,
  one: boolean,
): Promise<Extent[]> {
  const extents: { length: number; flags: number }[] = []
  const most = one ? 1 : mostExtents
  const end = offset + length
  for (let at = offset; at < end; ) {
    const extent = await context.look(at, end - at)
    const last = extents.at(-1)
    if (last !== undefined && last.flags === extent.flags) last.length += extent.length
    else if (extents.length === most) return extents
    else extents.push({ ...extent })
    at += extent.length
  }
  return extents
}

const base = 'base:'
const qemu = 'qemu:'
const bitmaps = 'qemu:dirty-bitmap:'

/**
 * The contexts that queries mean, each once, in the order in which the export has them.
 *
 * @param listing - queries may leave out the end of a name, and no query asks for everything
 */
export function contextsFor(
  all: readonly ExportContext[],
  queries: readonly string[],
  listing: boolean,
): readonly ExportContext[] {
  if (listing && queries.length === 0) return all
  return all.filter(({ name }) => queries.some((query) => means(query, name, listing)))
}

function means(query: string, name: string, listing: boolean): boolean {
  if (query === name) return true
  return listing && [base, qemu, bitmaps].includes(query) && name.startsWith(query)
}

/** Whether a range is known to be zero: what no image of a chain holds is, but of what holds nothing ever nobody knows. */
export function isZero({ zero, allocated, node }: ChainStatus): boolean {
  return zero || (!allocated && node.driver.takesBacking === true)
}
