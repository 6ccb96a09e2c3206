import type { BlockNode } from '../../graph/node.ts'
import type { Place } from '../read-only-image.ts'

/** A part of the disk, in a file of its own or in that of the image. */
export interface Extent {
  readonly file: BlockNode
  /** Guest bytes. */
  readonly length: number
  /** Of the pieces that it keeps apart; undefined, if it keeps all as it is. */
  readonly grainSize: number | undefined
  readonly compressed: boolean
  /** Says where the beginning of a range is, by offsets in this extent. */
  find(offset: number, length: number): Promise<Place>
  /** Where in its file the piece is that holds a byte; undefined, if it is nowhere. */
  place(offset: number): Promise<number | undefined>
}

/** The guest's bytes as they are, from an offset in the file on. */
export function flatExtent(file: BlockNode, { offset, length }: { offset: number; length: number }): Extent {
  return {
    file,
    length,
    grainSize: undefined,
    compressed: false,
    find: async (at, wanted) => ({
      length: Math.min(wanted, length - at),
      stored: { node: file, offset: offset + at },
      preallocated: true,
    }),
    place: async (at) => offset + at,
  }
}
