import { closeSync, openSync } from 'node:fs'
import { reasonText } from '../../errno/index.ts'
import { bool, opt, str, struct } from '../../qapi/index.ts'
import { constant } from '../../qom/index.ts'
import { type MadeObject, type ObjectKind, refused, unchanging } from '../object-kind.ts'

const opened = opt(bool, 'nothing: it is open when it is there')

/** Random numbers of this program. */
export const rngBuiltin: ObjectKind<{ readonly opened?: boolean }> = {
  options: struct('RngProperties', { opened }),
  make: (said) => made('rng-builtin', said),
}

interface FileOptions {
  readonly opened?: boolean
  readonly filename?: string
}

/** Random numbers of a device of the host's. */
export const rngRandom: ObjectKind<FileOptions> = {
  options: struct('RngRandomProperties', { opened, filename: opt(str, 'the device; /dev/urandom if nothing is said') }),
  make(said) {
    const { filename = '/dev/urandom' } = said
    const { access } = made('rng-random', said)
    let file: number | undefined
    return {
      access: { ...access, filename: unchanging(filename, "Property 'filename' can no longer be set") },
      complete() {
        try {
          file = openSync(filename, 'r')
        } catch (error) {
          refused(`Could not open '${filename}': ${reasonText(error)}`)
        }
      },
      close: () => {
        if (file !== undefined) closeSync(file)
      },
      info: () => ({ file }),
    }
  },
}

function made(type: string, said: { readonly opened?: boolean }): MadeObject {
  if (said.opened === true) refused(`Property '${type}.opened' is not writable`)
  return { access: { opened: constant(true) } }
}
