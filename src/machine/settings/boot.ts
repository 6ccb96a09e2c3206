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
): MachineConfig['boot'] {
  const boot = readMembers(object, members, 'boot.')
  const { order = defaultOrder, once, menu = false } = boot
  for (const letters of [order, once ?? '']) checkLetters(letters)
  if (machine === 'pc') for (const letters of [once ?? order, order]) checkPcDevices(letters)
  const splashTime = boot['splash-time']
  if (splashTime !== undefined && (splashTime < 0n || splashTime > 0xffffn))
    throw new OptionError('splash-time is invalid,it should be a value between 0 and 65535')
  const timeout = boot['reboot-timeout']
  if (timeout !== undefined && (timeout < -1n || timeout > 0xffffn))
    throw new OptionError('reboot timeout is invalid,it should be a value between -1 and 65535')
  if (boot.splash !== undefined) warn('-boot splash has no effect: there is no splash picture')
  if (timeout !== undefined && timeout >= 0n) warn('-boot reboot-timeout has no effect: a failed boot waits for ever')
  if (boot.strict === true) warn('-boot strict has no effect: the firmware tries every device')
  return { order, once, menu, splashTimeMs: splashTime === undefined ? undefined : Number(splashTime) }
}

/** Letters that QEMU knows on any machine. */
function checkLetters(letters: string): void {
  const seen = new Set<string>()
  for (const letter of letters) {
    if (letter < 'a' || letter > 'p') throw new OptionError(`Invalid boot device '${letter}'`)
    if (seen.has(letter)) throw new OptionError(`Boot device '${letter}' was given twice`)
    seen.add(letter)
  }
}

/** A PC's firmware keeps three devices, of four kinds. */
function checkPcDevices(letters: string): void {
  if (letters.length > 3) throw new OptionError('Too many boot devices for PC')
  for (const letter of letters)
    if (!'abcdn'.includes(letter)) throw new OptionError(`Invalid boot device for PC: '${letter}'`)
}
