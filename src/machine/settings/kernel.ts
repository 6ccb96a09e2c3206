import type { KeyvalObject } from '../../keyval/index.ts'
import type { MachineConfig } from '../config.ts'
import { ConfigError } from '../config-error.ts'
import { memberText } from './members.ts'

/** The kernel that -machine, or the options that are short for parts of it, ask for. @throws {ConfigError} if a part stands alone */
export function kernelOf(machine: KeyvalObject): MachineConfig['kernel'] {
  const [image, initrd, append] = ['kernel', 'initrd', 'append'].map((name) => memberText(machine, name))
  if (image !== undefined) return { image, initrd, append: append ?? '' }
  if (append !== undefined) throw ConfigError.at(undefined, '-append only allowed with -kernel option')
  if (initrd !== undefined) throw ConfigError.at(undefined, '-initrd only allowed with -kernel option')
  return undefined
}
