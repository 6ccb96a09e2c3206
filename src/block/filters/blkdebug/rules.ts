import { constants } from 'node:os'
import { errorName } from '../../../errno/index.ts'
import { BlockError } from '../../block-error.ts'
import { type DebugEvent, debugEvents } from '../../graph/debug-events.ts'
import type { OptionBag } from '../../open/option-bag.ts'

export type IoType = 'read' | 'write' | 'write-zeroes' | 'discard' | 'flush' | 'block-status'

/** When the event comes, requests begin to fail. */
export interface InjectRule {
  readonly event: DebugEvent
  /** Only in this state; 0 is every state. */
  readonly state: number
  /** Undefined: all but `block-status`. */
  readonly iotype: IoType | undefined
  /** The system's name of the error. */
  readonly code: string
  /** Only requests that touch the sector (of 512 bytes). */
  readonly sector: number | undefined
  /** One request fails, and then no more. */
  readonly once: boolean
  /** How long the request takes before it fails. */
  readonly delayMs: number
  /** How many bytes of a write are written all the same. */
  readonly written: number
}

/** When the event comes in a state, another one begins. The first state is 1. */
export interface StateRule {
  readonly event: DebugEvent
  readonly state: number
  readonly newState: number
}

export interface DebugRules {
  readonly inject: readonly InjectRule[]
  readonly states: readonly StateRule[]
}

const events: readonly string[] = debugEvents
const ioTypes: readonly string[] = [
  'read',
  'write',
  'write-zeroes',
  'discard',
  'flush',
  'block-status',
] satisfies IoType[]

/**
 * Takes the rules out of the options: `inject-error.0.event`, `set-state.0.new_state`, ... Besides QEMU's, an error may
 * have `delay-ms` and `written`.
 *
 * @param listed - rules that a file lists, by the name of their group: they come first
 * @throws {BlockError} kind `invalid`
 */
export function takeRules(options: OptionBag, listed: ReadonlyMap<string, readonly OptionBag[]>): DebugRules {
  return {
    inject: takeList(options, listed, 'inject-error', (rule) => ({
      state: rule.takeInteger('state') ?? 0,
      sector: numberOf(rule.takeWideInteger('sector')),
      once: rule.takeBoolean('once') ?? false,
      delayMs: rule.takeInteger('delay-ms') ?? 0,
      written: rule.takeInteger('written') ?? 0,
      code: takeErrno(rule),
      event: takeEvent(rule),
      iotype: takeIoType(rule),
    })),
    states: takeList(options, listed, 'set-state', (rule) => ({
      state: rule.takeInteger('state') ?? 0,
      newState: rule.takeInteger('new_state') ?? 0,
      event: takeEvent(rule),
    })),
  }
}

const parameters: Readonly<Record<string, readonly string[]>> = {
  'inject-error': ['event', 'state', 'iotype', 'errno', 'sector', 'once', 'immediately', 'delay-ms', 'written'],
  'set-state': ['event', 'state', 'new_state'],
}

function takeList<T>(
  options: OptionBag,
  listed: ReadonlyMap<string, readonly OptionBag[]>,
  name: string,
  read: (rule: OptionBag) => T,
): T[] {
  const all = options.takeBelow(name)
  const bags = [...(listed.get(name) ?? [])]
  for (let index = 0; all.left.some((key) => key.startsWith(`${index}.`)); index++) {
    bags.push(all.takeBelow(String(index)))
  }
  const rules = bags.map((rule) => {
    const unknown = rule.left.find((key) => !parameters[name]!.includes(key))
    if (unknown !== undefined) throw new BlockError('invalid', `Invalid parameter '${unknown}'`, { option: unknown })
    // Whether a caller would see the error before it waits: promises always wait.
    rule.takeBoolean('immediately')
    return read(rule)
  })
  for (const key of all.left) throw new BlockError('invalid', `Invalid parameter '${name}.${key}'`, { option: key })
  return rules
}

function takeEvent(rule: OptionBag): DebugEvent {
  const word = rule.takeString('event')
  if (word === undefined) throw new BlockError('invalid', 'Missing event name for rule', { option: 'event' })
  if (!events.includes(word)) throw new BlockError('invalid', `invalid parameter value: ${word}`, { option: 'event' })
  return word as DebugEvent
}

function takeIoType(rule: OptionBag): IoType | undefined {
  const word = rule.takeString('iotype')
  if (word === undefined || ioTypes.includes(word)) return word as IoType | undefined
  throw new BlockError('invalid', `invalid parameter value: ${word}`, { option: 'iotype' })
}

function takeErrno(rule: OptionBag): string {
  const number = rule.takeInteger('errno') ?? constants.errno.EIO
  const code = errorName(number)
  if (code === undefined) throw new BlockError('invalid', `There is no system error ${number}`, { option: 'errno' })
  return code
}

const numberOf = (value: bigint | undefined): number | undefined => (value === undefined ? undefined : Number(value))
