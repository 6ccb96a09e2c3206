import { reasonText, systemCode } from '../errno/index.ts'
import { readWholeFileNow } from '../files/index.ts'
import { CommandLineError } from './command-line-error.ts'

/** A group of a configuration file: what an option says, in words for that option. */
export interface ConfigGroup {
  readonly option: string
  readonly text: string
  /** The file and the line where the group ends, which complaints name. */
  readonly origin: string
}

/** What groups are called whose options have other names. */
const optionNames: Readonly<Record<string, string>> = { 'boot-opts': 'boot', 'smp-opts': 'smp', memory: 'm' }

/** Groups that there are in QEMU, of options that vmon has. */
const groups = `accel action add-fd boot-opts chardev device drive fw_cfg global machine memory mon msg name netdev
  object overcommit rtc sandbox smp-opts`.split(/\s+/)

const largestFile = 1 << 20

/**
 * Reads a file of options in groups, as `-readconfig` takes it: lines `[GROUP]` or `[GROUP "ID"]`, and below each
 * `KEY = "VALUE"`.
 *
 * @throws {CommandLineError} in QEMU's words, if it cannot be read or understood
 */
export function readConfigFile(path: string, origin: string): readonly ConfigGroup[] {
  const found: ConfigGroup[] = []
  let open: { readonly group: string; readonly words: string[] } | undefined
  let number = 0
  const close = (): void => {
    if (open === undefined) return
    const { group, words } = open
    const place = `${path}:${number}`
    if (!groups.includes(group)) throw new CommandLineError(`${place}: There is no option group '${group}'`)
    found.push({ option: optionNames[group] ?? group, text: words.join(','), origin: place })
  }
  for (const line of linesOf(path, origin)) {
    const [, named, id] = /^\[(\S+) +"([^"]*)"\]/.exec(line) ?? []
    const group = named ?? /^\[([^\]]+)\]/.exec(line)?.[1]
    if (group !== undefined) {
      close()
      open = { group, words: id === undefined ? [] : [`id=${escaped(id)}`] }
      number++
      continue
    }
    number++
    if (line === '' || line.startsWith('#')) continue
    // A word without a value has an empty one.
    const [whole, key] = /^\s*(\S+)/.exec(line) ?? []
    if (whole === undefined) throw new CommandLineError(`${path}:${number}: parse error`)
    if (open === undefined) throw new CommandLineError(`${path}:${number}: no group defined`)
    const value = /^\s*=\s*"([^"]*)"/.exec(line.slice(whole.length))?.[1] ?? ''
    open.words.push(`${key}=${escaped(value)}`)
  }
  close()
  return found
}

function escaped(value: string): string {
  return value.replaceAll(',', ',,')
}

function linesOf(path: string, origin: string): string[] {
  try {
    const lines = readWholeFileNow(path, { limit: largestFile, pipes: true }).toString().split('\n')
    if (lines.at(-1) === '') lines.pop()
    return lines
  } catch (error) {
    const said = systemCode(error) === 'EISDIR' ? 'Cannot read config file' : `Could not open '${path}'`
    throw new CommandLineError(`${origin}: ${said}: ${reasonText(error)}`)
  }
}
