import type { BlockNode } from '../../graph/node.ts'
import type { DriverLimits, RequestOptions } from '../../open/driver.ts'
import { PassThrough } from '../pass-through.ts'

/** Writes whole clusters of the node below in little space; none of them may have been written before. */
export class CompressDriver extends PassThrough {
  readonly name = 'compress'
  readonly limits: DriverLimits
  readonly #clusterSize: number

  constructor(file: BlockNode, clusterSize: number) {
    super(file)
    this.#clusterSize = clusterSize
    this.limits = { alignment: clusterSize }
  }

  override async write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    for (let at = 0; at < bytes.byteLength; at += this.#clusterSize) {
      await this.below.writeCompressed(offset + at, bytes.subarray(at, at + this.#clusterSize), options)
    }
  }
}
