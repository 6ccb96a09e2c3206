import type { DeviceWords } from '../../devices/index.ts'
import { OptionError } from '../../keyval/index.ts'
import { optionParameters } from './option-parameters.ts'

interface AskedDevice {
  readonly words: DeviceWords
  readonly origin: string
  readonly json: boolean
}

interface AskedDrive {
  readonly values: Readonly<Record<string, string>>
  readonly origin: string
}

/** What these say cannot be changed so in QEMU either. */
const never = ['object', 'machine', 'smp-opts', 'boot-opts']

/** There may be one of that id: nobody is asked. */
const unseen = ['net', 'nic', 'mon', 'vnc', 'fw_cfg']

/** What was said before. */
interface SetGroups {
  readonly devices: AskedDevice[]
  readonly drives: AskedDrive[]
  /** Whether there is one of that id, by group. */
  readonly others: Readonly<Record<string, (id: string) => boolean>>
}

/**
 * Sets a member of something that was said before, as if it had been said last there: `-set GROUP.ID.MEMBER=VALUE`.
 *
 * @throws {OptionError} in QEMU's words, or if QEMU could set it and vmon cannot
 */
export function setMember(text: string, { devices, drives, others }: SetGroups): void {
  const [, group, id, member = '', value = ''] = /^([^.]{1,63})\.([^.]{1,63})\.([^=]{1,63})=(.*)$/s.exec(text) ?? []
  if (group === undefined) throw new OptionError(`can't parse: "${text}"`)
  if (never.includes(group)) throw new OptionError(`-set is not supported with ${group}`)
  const change =
    group === 'device'
      ? replaced(
          devices,
          ({ words, json }) => !json && words['id'] === id,
          ({ words, ...more }) => ({
            ...more,
            words: { ...words, [member]: value },
          }),
        )
      : group === 'drive'
        ? replaced(
            drives,
            ({ values }) => values['id'] === id,
            ({ values, ...more }) => ({
              ...more,
              values: { ...values, [member]: value },
            }),
          )
        : unsettable(group, others[group]?.(id!) ?? unseen.includes(group))
  if (!change) throw new OptionError(`there is no ${group} "${id}" defined`)
}

/** @returns whether there was one */
function replaced<T>(all: T[], is: (one: T) => boolean, change: (one: T) => T): boolean {
  const index = all.findIndex(is)
  if (index >= 0) all[index] = change(all[index]!)
  return index >= 0
}

/** @param there - whether there is one of that id, or may be */
function unsettable(group: string, there: boolean): false {
  if (!Object.hasOwn(optionParameters, group)) throw new OptionError(`There is no option group '${group}'`)
  if (there) throw new OptionError(`vmon sets members of a device or a drive alone, not of a ${group}`)
  return false
}
