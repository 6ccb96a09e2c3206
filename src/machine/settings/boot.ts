import { bootLettersComplaint, pcBootDevicesComplaint } from '../../board/index.ts'
import { type KeyvalObject, OptionError, type OptionKinds, readMembers } from '../../keyval/index.ts'
import type { MachineConfig } from '../config.ts'

/** What `-boot` takes, as its help lists it; the order comes first without a name. */
export const bootKinds: OptionKinds = {
  order: 'string',
  once: 'string',
  menu: 'boolean',
  splash: 'string',
  'splash-time': 'number',
  'reboot-timeout': 'number',
  strict: 'boolean',
}

const members = {
  order: 'string',
  once: 'string',
  menu: 'boolean',
  splash: 'string',
  'splash-time': 'integer',
  'reboot-timeout': 'integer',
  strict: 'boolean',
} as const

const defaultOrder = 'cad'

/**
 * What the firmware is to boot.
 *
 * @param warn - hears of what has no effect here
 * @throws {OptionError} if a member or a letter is wrong
 */
export function bootOf(
  object: KeyvalObject,
  machine: MachineConfig['machine'],
  warn: (text: string) => void,
): Omit<MachineConfig['boot'], 'anyFloppy'> {
  const boot = readMembers(object, members, 'boot.')
  const { order = defaultOrder, once, menu = false } = boot
  for (const letters of [order, once ?? '']) complain(bootLettersComplaint(letters))
  if (machine === 'pc') for (const letters of [once ?? order, order]) complain(pcBootDevicesComplaint(letters))
  const splashTime = boot['splash-time']
  if (splashTime !== undefined && (splashTime < 0n || splashTime > 0xffffn))
    throw new OptionError('splash-time is invalid,it should be a value between 0 and 65535')
  const timeout = boot['reboot-timeout']
  if (timeout !== undefined && (timeout < -1n || timeout > 0xffffn))
    throw new OptionError('reboot timeout is invalid,it should be a value between -1 and 65535')
  if (boot.splash !== undefined) warn('-boot splash has no effect: there is no splash picture')
  if (boot.strict === true) warn('-boot strict has no effect: the firmware tries every device')
  return {
    order,
    once,
    menu,
    splashTimeMs: splashTime === undefined ? undefined : Number(splashTime),
    rebootTimeoutMs: timeout === undefined || timeout < 0n ? undefined : Number(timeout),
  }
}

function complain(complaint: string | undefined): void {
  if (complaint !== undefined) throw new OptionError(complaint)
}
