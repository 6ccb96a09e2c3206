import { OptionError, type OptionList, parseUint64 } from '../../keyval/index.ts'
import type { MachineConfig } from '../config.ts'
import { ConfigError } from '../config-error.ts'

/**
 * The accelerators that there are, by the names that users have for them: `v86` executes, which QEMU's users call
 * `tcg`; under `qtest` its CPU stands still for a test of devices; on `none` nothing executes.
 */
export const accelerators: Readonly<Record<string, MachineConfig['accel']>> = {
  v86: 'v86',
  tcg: 'v86',
  qtest: 'qtest',
  none: 'none',
}

/** An accelerator that was asked for; the first of them that there is will be used. */
export interface AccelWish {
  readonly name: string
  /** What `-accel` says of it. */
  readonly list?: OptionList
  readonly origin: string | undefined
}

/**
 * Chooses the accelerator of what `-machine accel=` and `-accel` say, which exclude each other.
 *
 * @param names those of -machine, separated by colons
 * @throws {ConfigError} as `accelOf()`, and if both are said
 */
export function accelSaid(
  names: string | undefined,
  wishes: readonly AccelWish[],
  report: (text: string) => void,
): MachineConfig['accel'] {
  if (names === undefined) return accelOf(wishes, report)
  if (wishes.length > 0) throw ConfigError.at(undefined, 'The -accel and "-machine accel=" options are incompatible')
  return accelOf(
    names.split(':').map((name) => ({ name, origin: undefined })),
    report,
  )
}

/**
 * Chooses the accelerator.
 *
 * @param report - hears of those that there are not, when another one is used
 * @throws {ConfigError} if none of them exists, or if a property of the one chosen is wrong
 */
function accelOf(wishes: readonly AccelWish[], report: (text: string) => void): MachineConfig['accel'] {
  const failures: string[] = []
  for (const { name, list, origin } of wishes) {
    if (!Object.hasOwn(accelerators, name)) {
      failures.push(`${origin === undefined ? '' : `${origin}: `}invalid accelerator ${name}`)
      continue
    }
    try {
      checkProperties(name, list)
    } catch (error) {
      throw ConfigError.at(origin, (error as OptionError).message, error)
    }
    for (const failure of failures) report(failure)
    if (failures.length > 0) report(`falling back to ${name}`)
    return accelerators[name]!
  }
  if (wishes.length === 0) return 'v86'
  throw new ConfigError(failures)
}

/** The properties of QEMU's `tcg` that mean something here, or that change nothing a guest could see. */
function checkProperties(name: string, list: OptionList | undefined): void {
  for (const [property, value] of list?.items ?? []) {
    if (property === 'accel') continue
    if (name === 'none' || name === 'qtest' || !['thread', 'tb-size', 'split-wx'].includes(property))
      throw new OptionError(`Property '${name}-accel.${property}' not found`)
    if (property === 'thread' && value !== 'single' && value !== 'multi')
      throw new OptionError(`Invalid 'thread' setting ${value}`)
    if (property === 'tb-size' && typeof parseUint64(value) !== 'bigint')
      throw new OptionError(`Parameter '${property}' expects uint64`)
  }
}

/** What `-accel help` prints. */
export const accelHelp = `Accelerators supported in vmon:\n${Object.keys(accelerators).join('\n')}\n`
