import { strerror } from '../../../errno/index.ts'
import { delay } from '../../../timers/index.ts'
import { BlockError, kindOfSystemError } from '../../block-error.ts'
import type { Access, Permission } from '../../graph/access.ts'
import type { DebugEvent } from '../../graph/debug-events.ts'
import type { BlockNode } from '../../graph/node.ts'
import type {
  BlockStatus,
  ChildRole,
  Driver,
  DriverLimits,
  ImageDetails,
  NestedOptions,
  RequestOptions,
  Snapshots,
  WriteOptions,
  ZeroesOptions,
} from '../../open/driver.ts'
import type { OptionValues } from '../../open/option-bag.ts'
import type { DebugRules, InjectRule, IoType } from './rules.ts'
import { Stops } from './stops.ts'

const sectorLength = 512

export interface BlkdebugOptions {
  readonly rules: DebugRules
  readonly limits: DriverLimits
  /** What it does with the node below besides what its users do, and what it shares with nobody. */
  readonly takes?: readonly Permission[]
  readonly unshares?: readonly Permission[]
  /** What the user wrote, to be written again. */
  readonly given: OptionValues
  /** Prints a line for the user. */
  readonly print: (text: string) => void
}

/** Passes requests on to the node below, but for those that its rules let fail. */
export class BlkdebugDriver implements Driver {
  readonly name = 'blkdebug'
  readonly grows = true
  readonly filters = true
  readonly changesFile = true
  readonly opensByName = true
  readonly childNames = { file: 'image' }
  #image: BlockNode
  readonly #rules: DebugRules
  readonly limits: DriverLimits
  readonly #given: OptionValues
  #state = 1
  #active: readonly InjectRule[] = []
  /** Those of `once` that have let a request fail. */
  readonly #spent = new Set<InjectRule>()
  readonly breakpoints: Stops

  readonly #takes: readonly Permission[]
  readonly #unshares: readonly Permission[]

  constructor(image: BlockNode, { rules, given, limits, print, takes = [], unshares = [] }: BlkdebugOptions) {
    this.#takes = takes
    this.#unshares = unshares
    this.breakpoints = new Stops(print)
    this.#given = given
    this.#image = image
    this.#rules = rules
    this.limits = limits
    this.debugEvent('none')
  }

  get children(): ReadonlyMap<ChildRole, BlockNode> {
    return new Map([['file', this.#image]])
  }

  setChild(_role: ChildRole, child: BlockNode | undefined): void {
    if (child !== undefined) this.#image = child
  }

  get snapshots(): Snapshots | undefined {
    return this.#image.driver.snapshots
  }

  get length(): number {
    return this.#image.length
  }

  get filename(): string | undefined {
    const { filename } = this.#image.driver
    const { config = '', ...others } = this.#given
    return filename === undefined || Object.keys(others).length > 0 ? undefined : `blkdebug:${config}:${filename}`
  }

  fullOptions(): NestedOptions {
    return { driver: this.name, ...this.#given, image: this.#image.driver.fullOptions() }
  }

  async readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    await this.#pass('read', offset, target.byteLength)
    // Requests that are made longer than they were may reach behind the end.
    const there = Math.max(0, Math.min(target.byteLength, this.#image.length - offset))
    await this.#image.readInto(offset, target.subarray(0, there), options)
    target.fill(0, there)
  }

  async write(offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    this.debugEvent('pwritev')
    await this.#pass('write', offset, bytes.byteLength, (length) =>
      this.#image.write(offset, bytes.subarray(0, length), options),
    )
    const grow = offset + bytes.byteLength > this.#image.length
    await this.#image.write(offset, bytes, grow ? { ...options, grow } : options)
    this.debugEvent('pwritev_done')
    await this.breakpoints.pass()
  }

  async writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    this.debugEvent('pwritev_zero')
    await this.#pass('write-zeroes', offset, length)
    await this.#image.writeZeroes(offset, length, options)
    this.debugEvent('pwritev_done')
    await this.breakpoints.pass()
  }

  async discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    await this.#pass('discard', offset, length)
    await this.#image.discard(offset, length, options)
  }

  async flush(options?: RequestOptions): Promise<void> {
    await this.#pass('flush', 0, 0)
    await this.#image.flush(options)
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    await this.#pass('block-status', offset, length)
    return this.#image.status(offset, length)
  }

  truncate(length: number, options?: RequestOptions): Promise<void> {
    return this.#image.truncate(length, options)
  }

  async details(): Promise<ImageDetails> {
    const { dirty, clusterSize, vmStateOffset } = await this.#image.details()
    return {
      ...(dirty !== undefined && { dirty }),
      ...(clusterSize !== undefined && { clusterSize }),
      ...(vmStateOffset !== undefined && { vmStateOffset }),
    }
  }

  childAccess(_role: ChildRole, { uses, shares }: Access): Access {
    return {
      uses: [...new Set([...uses, ...this.#takes])],
      shares: shares.filter((permission) => !this.#unshares.includes(permission)),
    }
  }

  async close(): Promise<void> {}

  /** Sets off the rules of an event. The errors of the last event that had some are those that come. */
  debugEvent(event: DebugEvent): void {
    this.breakpoints.reach(event)
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
    await this.breakpoints.pass()
    const rule = this.#active.find(
      (rule) => !this.#spent.has(rule) && concerns(rule, iotype) && touches(rule, offset, length),
    )
    if (rule === undefined) return
    if (rule.once) this.#spent.add(rule)
    if (rule.delayMs > 0) await delay(rule.delayMs)
    if (rule.written > 0) await partly(Math.min(rule.written, length))
    const { code } = rule
    throw new BlockError(kindOfSystemError(code), strerror(code), { code, offset, length })
  }
}

function concerns(rule: InjectRule, iotype: IoType): boolean {
  return rule.iotype === undefined ? iotype !== 'block-status' : rule.iotype === iotype
}

function touches({ sector }: InjectRule, offset: number, length: number): boolean {
  if (sector === undefined) return true
  const at = sector * sectorLength
  return length > 0 && at >= offset && at < offset + length
}
