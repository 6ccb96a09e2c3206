import { checkIdentifier, OptionError } from '../../keyval/index.ts'
import { int, opt, QmpError, req, root, str, struct } from '../../qapi/index.ts'
import { BlockError } from '../block-error.ts'
import { checkThrottleLimits, type ThrottleKind, type ThrottleLimits, throttleKinds } from './throttle-limits.ts'

/** A throttle group as a user's object says it. */
export interface ThrottleGroupConfig {
  readonly id: string
  /** By the names of the object's properties: `x-bps-total`, `x-bps-total-max`, ... */
  readonly properties: Readonly<Record<string, number>>
  /** By the names of QAPI's ThrottleLimits: `bps-total`, `bps-total-max`, ...; they count more. */
  readonly limits: Readonly<Record<string, number>>
}

const names = ['iops', 'bps'].flatMap((unit) =>
  ['total', 'read', 'write'].flatMap((direction) =>
    ['', '-max', '-max-length'].map((suffix) => `${unit}-${direction}${suffix}`),
  ),
)
const integers = (prefix: string) =>
  Object.fromEntries([...names, 'iops-size'].map((name) => [`${prefix}${name}`, opt(int, 'a limit')]))

function unstable(members: ReturnType<typeof integers>): ReturnType<typeof integers> {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, { ...member, features: ['unstable'] }]),
  )
}

/** Limits as QAPI has them. */
export const ThrottleLimitsOptions = struct('ThrottleLimits', integers(''))
const own = { limits: opt(ThrottleLimitsOptions, 'limits'), ...unstable(integers('x-')) }

/** What can be said of a throttle group. */
export const ThrottleGroupProperties = struct('ThrottleGroupProperties', own)
const ThrottleGroupObject = struct('ThrottleGroupObject', {
  'qom-type': req(str, 'kind of object'),
  id: req(str, 'name of the object'),
  ...own,
})

const longestBurst = 0xffff_ffff

/**
 * Understands what is said of a throttle group.
 *
 * @param words - as in JSON: `qom-type`, `id`, `limits`, `x-bps-total`, ...
 * @throws {OptionError} in QEMU's words
 */
export function throttleGroupFrom(words: Readonly<Record<string, unknown>>): ThrottleGroupConfig {
  try {
    const { 'qom-type': _, id, limits = {}, ...properties } = ThrottleGroupObject.decode(words, root)
    checkIdentifier(id)
    return { id, limits: given(limits), properties: given(properties) }
  } catch (error) {
    if (error instanceof QmpError) throw new OptionError(error.message)
    throw error
  }
}

/** Limits by the names of QAPI's ThrottleLimits, all of them. */
export function namedLimits(limits: ThrottleLimits): Record<string, number> {
  const values = throttleKinds.flatMap((kind) => [
    [kind, limits[kind].rate],
    [`${kind}-max`, limits[kind].burst],
    [`${kind}-max-length`, limits[kind].burstSeconds],
  ])
  return { ...Object.fromEntries(values), 'iops-size': Number(limits.iopsSize) }
}

/** @throws {BlockError} kind `invalid`, in QEMU's words, if such limits cannot be */
export function limitsOfGroup({ properties, limits }: ThrottleGroupConfig): ThrottleLimits {
  for (const [name, value] of Object.entries(properties)) {
    if (value < 0) throw new BlockError('invalid', 'Property values cannot be negative')
    // Without the blank, as QEMU has it.
    checkBurstLength(name, value, 'therange')
  }
  for (const [name, value] of Object.entries(limits)) checkBurstLength(name, value, 'the range')
  const value = (name: string, unsaid: number): number => limits[name] ?? properties[`x-${name}`] ?? unsaid
  const kinds = throttleKinds.map((kind) => [
    kind,
    { rate: value(kind, 0), burst: value(`${kind}-max`, 0), burstSeconds: value(`${kind}-max-length`, 1) },
  ])
  const all: ThrottleLimits = {
    ...(Object.fromEntries(kinds) as Pick<ThrottleLimits, ThrottleKind>),
    iopsSize: value('iops-size', 0),
  }
  checkThrottleLimits(all)
  return all
}

function checkBurstLength(name: string, value: number, range: string): void {
  if (!name.endsWith('-max-length') || value <= longestBurst) return
  throw new BlockError('invalid', `${name} value must be in ${range} [0, ${longestBurst}]`, { option: name })
}

function given(values: Readonly<Record<string, unknown>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, Number(value)]])),
  )
}
