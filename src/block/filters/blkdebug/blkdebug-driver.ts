import { setTimeout as delay } from 'node:timers/promises'
import { strerror } from '../../../errno/index.ts'
import { BlockError, kindOfSystemError } from '../../block-error.ts'
import type { DebugEvent } from '../../debug-events.ts'
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
import type { OptionValues } from '../../option-bag.ts'
import type { DebugRules, InjectRule, IoType } from './rules.ts'

const sectorLength = 512

/** Passes requests on to the node below, but for those that its rules let fail. */
export class BlkdebugDriver implements Driver {
  readonly name = 'blkdebug'
  readonly grows = true
  readonly filters = true
  readonly children: ReadonlyMap<ChildRole, BlockNode>
  readonly #image: BlockNode
  readonly #rules: DebugRules
  /** The rules as the user wrote them. */
  readonly #given: OptionValues
  #state = 1
  #active: readonly InjectRule[] = []
  /** Those of `once` that have let a request fail. */
  readonly #spent = new Set<InjectRule>()

  constructor(image: BlockNode, rules: DebugRules, given: OptionValues) {
    this.#given = given
    this.#image = image
    this.#rules = rules
    this.children = new Map([['file', image]])
    this.debugEvent('none')
  }

  get length(): number {
    return this.#image.length
  }

  get filename(): string | undefined {
    const { filename } = this.#image.driver
    return filename === undefined || Object.keys(this.#given).length > 0 ? undefined : `blkdebug::${filename}`
  }

  fullOptions(): NestedOptions {
    return { driver: this.name, ...this.#given, image: this.#image.driver.fullOptions() }
  }

  async readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    await this.#pass('read', offset, target.byteLength)
    await this.#image.readInto(offset, target, options)
  }

  async write(offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    this.debugEvent('pwritev')
    await this.#pass('write', offset, bytes.byteLength, (length) =>
      this.#image.write(offset, bytes.subarray(0, length), options),
    )
    await this.#image.write(offset, bytes, options)
    this.debugEvent('pwritev_done')
  }

  async writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    this.debugEvent('pwritev_zero')
    await this.#pass('write-zeroes', offset, length)
    await this.#image.writeZeroes(offset, length, options)
    this.debugEvent('pwritev_done')
  }

  async discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    await this.#pass('discard', offset, length)
    await this.#image.discard(offset, length, options)
  }

  async flush(options?: RequestOptions): Promise<void> {
    await this.#pass('flush', 0, 0)
    await this.#image.flush(options)
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    return this.#image.status(offset, length)
  }

  truncate(length: number, options?: RequestOptions): Promise<void> {
    return this.#image.truncate(length, options)
  }

  async details(): Promise<ImageDetails> {
    const { dirty, clusterSize } = await this.#image.details()
    return { ...(dirty !== undefined && { dirty }), ...(clusterSize !== undefined && { clusterSize }) }
  }

  async close(): Promise<void> {}

  /** Sets off the rules of an event. The errors of the last event that had some are those that come. */
  debugEvent(event: DebugEvent): void {
    const { inject, states } = this.#rules
    const state = this.#state
    const meant = inject.filter(
      (rule) => rule.event === event && (rule.state === 0 || rule.state === state) && !this.#spent.has(rule),
    )
    if (meant.length > 0) this.#active = meant
    for (const rule of states) {
      if (rule.event === event && (rule.state === 0 || rule.state === state)) this.#state = rule.newState
    }
  }

  /** @param partly - does so many bytes of the request */
  async #pass(
    iotype: IoType,
    offset: number,
    length: number,
    partly: (length: number) => Promise<void> = async () => undefined,
  ): Promise<void> {
    const rule = this.#active.find(
      (rule) => !this.#spent.has(rule) && (rule.iotype ?? iotype) === iotype && touches(rule, offset, length),
    )
    if (rule === undefined) return
    if (rule.once) this.#spent.add(rule)
    if (rule.delayMs > 0) await delay(rule.delayMs)
    if (rule.written > 0) await partly(Math.min(rule.written, length))
    const { code } = rule
    throw new BlockError(kindOfSystemError(code), strerror(code), { code, offset, length })
  }
}

function touches({ sector }: InjectRule, offset: number, length: number): boolean {
  if (sector === undefined) return true
  const at = sector * sectorLength
  return length > 0 && at >= offset && at < offset + length
}
