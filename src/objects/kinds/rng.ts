import { randomFill } from 'node:crypto'
import { closeSync, constants, openSync, read as readFile } from 'node:fs'
import { promisify } from 'node:util'
import { pause } from '../../async/index.ts'
import { reasonText } from '../../errno/index.ts'
import { bool, opt, str, struct } from '../../qapi/index.ts'
import { constant } from '../../qom/index.ts'
import { type MadeObject, type ObjectKind, refused, unchanging } from '../object-kind.ts'

const opened = opt(bool, 'nothing: it is open when it is there')

const read = promisify(readFile)
/** How long a pipe that has nothing now is left alone, in milliseconds. */
const restMs = 50

/** Random numbers of this program. */
export const rngBuiltin: ObjectKind<{ readonly opened?: boolean }> = {
  options: struct('RngProperties', { opened }),
  make: (said) => ({
    ...made('rng-builtin', said),
    random: (count) => promisify<Uint8Array, Uint8Array>(randomFill)(new Uint8Array(count)),
  }),
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
      access: {
        ...access,
        filename: unchanging(filename, "Property 'filename' can no longer be set", ['filename', str]),
      },
      complete() {
        try {
          file = openSync(filename, constants.O_RDONLY | constants.O_NONBLOCK)
        } catch (error) {
          refused(`Could not open '${filename}': ${reasonText(error)}`)
        }
      },
      close: () => {
        if (file !== undefined) closeSync(file)
        file = undefined
      },
      async random(count) {
        const bytes = new Uint8Array(count)
        while (file !== undefined) {
          try {
            const { bytesRead } = await read(file, bytes, 0, count, null)
            return bytes.subarray(0, bytesRead)
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break
            await pause(restMs)
          }
        }
        return bytes.subarray(0, 0)
      },
      info: () => ({ file }),
    }
  },
}

function made(type: string, said: { readonly opened?: boolean }): MadeObject {
  if (said.opened !== undefined) refused(`Property '${type}.opened' is not writable`)
  return { access: { opened: constant(true) } }
}
