import { reasonText, systemCode } from '../../../errno/index.ts'
import { FileRefusal, readWholeFile } from '../../../files/index.ts'
import { BlockError, kindOfSystemError } from '../../block-error.ts'
import { OptionBag, type OptionValues } from '../../open/option-bag.ts'

const largest = 2 ** 20

const groups: readonly string[] = ['inject-error', 'set-state']

/**
 * Reads rules from a file as QEMU's configuration files are:
 *
 *     [inject-error]
 *     event = "flush_to_disk"
 *     errno = "28"
 *
 * @returns the options of each rule, in the order of the file, by the name of their group
 * @throws {BlockError} in QEMU's words
 */
export async function readConfigFile(path: string): Promise<ReadonlyMap<string, readonly OptionBag[]>> {
  const rules = new Map<string, Record<string, string>[]>()
  let rule: Record<string, string> | undefined
  for (const line of (await readText(path)).split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const group = /^\[([^\]\s]+)/.exec(line)?.[1]
    if (group !== undefined) {
      if (!groups.includes(group))
        throw new BlockError('invalid', `There is no option group '${group}'`, { filename: path })
      rule = {}
      rules.set(group, [...(rules.get(group) ?? []), rule])
      continue
    }
    const [, name, value = ''] = /^\s*(\S+)(?:\s*=\s*"([^"]*)")?/.exec(line) ?? []
    if (name === undefined) throw new BlockError('invalid', 'parse error', { filename: path })
    if (rule === undefined) throw new BlockError('invalid', 'no group defined', { filename: path })
    rule[name] = value
  }
  return new Map([...rules].map(([name, all]) => [name, all.map((each: OptionValues) => new OptionBag(each))]))
}

async function readText(path: string): Promise<string> {
  try {
    return (await readWholeFile(path, { limit: largest })).toString('latin1')
  } catch (cause) {
    if (cause instanceof FileRefusal) {
      throw new BlockError(
        'invalid',
        `Could not read blkdebug config file: ${cause.message}`,
        { filename: path },
        { cause },
      )
    }
    const code = systemCode(cause)
    const what = code === 'EISDIR' ? 'Cannot read config file' : 'Could not read blkdebug config file'
    throw new BlockError(kindOfSystemError(code), `${what}: ${reasonText(cause)}`, { filename: path }, { cause })
  }
}
