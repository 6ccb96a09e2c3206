import type { BlockNode } from '../../graph/node.ts'
import type { NestedOptions, RequestOptions, WriteOptions, ZeroesOptions } from '../../open/driver.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import type { ThrottleGroup, ThrottleMember } from '../../throttling/throttle-group.ts'
import type { ThrottleGroups } from '../../throttling/throttle-groups.ts'
import { PassThrough } from '../pass-through.ts'
import { takeGroup } from './take-group.ts'

/** Passes requests on to the node below when the limits of its group let them. */
export class ThrottleDriver extends PassThrough {
  readonly name = 'throttle'
  readonly resettable = ['throttle-group']
  #member: ThrottleMember

  constructor(file: BlockNode, group: ThrottleGroup) {
    super(file)
    this.#member = group.join()
  }

  /** Whatever is below: what cannot grow says so itself. */
  override get grows(): boolean {
    return true
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

  override fullOptions(): NestedOptions {
    const { group } = this.#member
    return { driver: this.name, 'throttle-group': group.name, file: this.below.driver.fullOptions() }
  }

  override async readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    await this.#member.enter('read', target.byteLength, options)
    await super.readInto(offset, target, options)
  }

  override async write(offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    await this.#member.enter('write', bytes.byteLength, options)
    await super.write(offset, bytes, options)
  }

  get compressionRefusal(): string | undefined {
    return this.below.driver.compressionRefusal
  }

  async writeCompressed(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    await this.#member.enter('write', bytes.byteLength, options)
    await this.below.writeCompressed(offset, bytes, options)
  }

  override async writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    await this.#member.enter('write', length, options)
    await super.writeZeroes(offset, length, options)
  }

  override async discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    await this.#member.enter('write', length, options)
    await super.discard(offset, length, options)
  }

  hurry(): () => void {
    return this.#member.hurry()
  }

  override async close(): Promise<void> {
    this.#member.leave()
  }
}
