import type {
  BlockStatus,
  ChildRole,
  Driver,
  ImageDetails,
  NestedOptions,
  RequestOptions,
  WriteOptions,
  ZeroesOptions,
} from '../../driver.ts'
import type { BlockNode } from '../../node.ts'
import type { OptionBag } from '../../option-bag.ts'
import type { ThrottleGroup, ThrottleMember } from '../../throttling/throttle-group.ts'
import type { ThrottleGroups } from '../../throttling/throttle-groups.ts'
import { takeGroup } from './take-group.ts'

/** Passes requests on to the node below when the limits of its group let them. */
export class ThrottleDriver implements Driver {
  readonly name = 'throttle'
  readonly filename = undefined
  readonly grows = true
  readonly filters = true
  readonly changesFile = true
  #file: BlockNode
  #member: ThrottleMember

  constructor(file: BlockNode, group: ThrottleGroup) {
    this.#file = file
    this.#member = group.join()
  }

  get children(): ReadonlyMap<ChildRole, BlockNode> {
    return new Map([['file', this.#file]])
  }

  setChild(_role: ChildRole, child: BlockNode | undefined): void {
    if (child !== undefined) this.#file = child
  }

  takeChanges(options: OptionBag, groups: ThrottleGroups): () => () => void {
    const group = takeGroup(options, groups)
    return () => {
      const before = this.#member.group
      this.#join(group)
      return () => this.#join(before)
    }
  }

  #join(group: ThrottleGroup): void {
    if (group === this.#member.group) return
    this.#member.leave()
    this.#member = group.join()
  }

  get length(): number {
    return this.#file.length
  }

  fullOptions(): NestedOptions {
    const { group } = this.#member
    return { driver: this.name, 'throttle-group': group.name, file: this.#file.driver.fullOptions() }
  }

  async readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    await this.#member.enter('read', target.byteLength, options)
    await this.#file.readInto(offset, target, options)
  }

  async write(offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    await this.#member.enter('write', bytes.byteLength, options)
    await this.#file.write(offset, bytes, options)
  }

  async writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    await this.#member.enter('write', length, options)
    await this.#file.writeZeroes(offset, length, options)
  }

  async discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    await this.#member.enter('write', length, options)
    await this.#file.discard(offset, length, options)
  }

  flush(options?: RequestOptions): Promise<void> {
    return this.#file.flush(options)
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    return this.#file.status(offset, length)
  }

  truncate(length: number, options?: RequestOptions): Promise<void> {
    return this.#file.truncate(length, options)
  }

  async details(): Promise<ImageDetails> {
    const { actualSize, clusterSize, dirty } = await this.#file.details()
    return {
      ...(dirty !== undefined && { dirty }),
      ...(actualSize !== undefined && { actualSize }),
      ...(clusterSize !== undefined && { clusterSize }),
    }
  }

  hurry(): () => void {
    return this.#member.hurry()
  }

  async close(): Promise<void> {
    this.#member.leave()
  }
}
