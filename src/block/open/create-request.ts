import type { DirtyBitmap } from '../bitmaps/index.ts'
import type { BlockNode } from '../graph/node.ts'
import type { NamedChild } from './driver.ts'
import type { OptionBag } from './option-bag.ts'

/** Makes an image in a file, which the caller may write and resize. */
export type Maker = (file: BlockNode) => Promise<void>

/** What a format gets to say how large an image will be. */
export interface MeasureRequest extends Pick<CreateRequest, 'backing' | 'options' | 'secret'> {
  /** Guest bytes. */
  readonly size: number
  /**
   * Guest bytes that will be written, counted in whole clusters of a size; undefined, if the image will be empty.
   *
   * @throws {BlockError} if the source cannot be read
   */
  readonly written: ((clusterSize: number) => Promise<number>) | undefined
  /** Bitmaps that could be copied; undefined, if the source cannot keep any. */
  readonly bitmaps: readonly DirtyBitmap[] | undefined
}

/** How many bytes an image takes (QAPI's BlockMeasureInfo). */
export interface Measurement {
  /** As it will be made. */
  readonly required: number
  /** When the guest has written everywhere. */
  readonly fullyAllocated: number
  /** What the source's bitmaps would take besides; undefined, if it keeps none, or the new image cannot. */
  readonly bitmaps?: number
}

/** What a format gets to make an image. */
export interface CreateRequest {
  /** Guest bytes. */
  readonly size: bigint
  /**
   * The image is made in nodes that are there: it has just so many bytes, where a format would add what it needs, and
   * a node for data keeps what it holds.
   */
  readonly inPlace?: boolean
  /** The file, as the user named it; of a node that there is already, its file name. */
  readonly filename: string
  readonly backing: NamedChild | undefined
  /** The format takes out the options that it knows, as `qemu-img create -o` has them; what is left is refused. */
  readonly options: OptionBag
  /** Has another file made, too. As with QEMU its name is not relative to the image. */
  needFile(filename: string, make: Maker): void
  /**
   * Opens the node of this number of those that the user gives for the image's other files: with it no others are
   * made. undefined, if so many are not given.
   *
   * @throws {BlockError} if it cannot be opened
   */
  readonly openGiven?: (index: number) => Promise<BlockNode | undefined>
  /** Does something with the backing image, and not with what is behind that. @throws {BlockError} if it cannot be opened */
  withBacking?<T>(named: NamedChild, use: (backing: BlockNode) => Promise<T>): Promise<T>
  /** What the user has given under a name, to lock images; undefined if there is nothing. */
  secret(id: string): Promise<Uint8Array | undefined>
}
