import { ConfigDraft, type HelpText, type MachineConfig } from '../machine/index.ts'
import { CommandLineError } from './command-line-error.ts'
import { findOption, isUnavailable, options, type ProcessWishes } from './option-table.ts'

/** What a command line asks for. */
export interface CommandLine {
  readonly process: ProcessWishes
  /** What an option's `help` answers; no machine is to be built then. */
  readonly help: HelpText | undefined
  readonly processName: string | undefined
  /** @throws {ConfigError} if the machine cannot be what the options say together */
  config(): MachineConfig
}

/**
 * Reads the options of a machine. `-name` and `--name` are the same; a word without a dash is a hard disk's image.
 *
 * @param warn hears of what is taken but has no effect
 * @throws {CommandLineError} if an option is unknown or lacks its argument
 * @throws {ConfigError} if a value is wrong
 */
export function parseCommandLine(argv: readonly string[], warn: (text: string) => void): CommandLine {
  const draft = new ConfigDraft({ warn })
  const process: ProcessWishes = {
    help: undefined,
    pidfile: undefined,
    daemonize: false,
    logItems: [],
    logFile: undefined,
  }
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index]!
    if (!word.startsWith('-') || word === '-') {
      draft.driveFile('hda', word, word)
      continue
    }
    const name = word.replace(/^--?/, '')
    const option = findOption(name)
    if (option === undefined) throw unknownOption(word, name)
    if (option.argument === undefined) {
      option.apply({ draft, process }, '', word)
      continue
    }
    const text = argv[++index]
    if (text === undefined) throw new CommandLineError(`${word}: requires an argument`)
    option.apply({ draft, process }, text, `${word} ${text}`)
  }
  return { process, help: draft.help, processName: draft.processName, config: () => draft.finish() }
}

function unknownOption(word: string, name: string): CommandLineError {
  if (isUnavailable(name)) return new CommandLineError(`${word}: this option of QEMU's is not available here`)
  const near = nearest(name)
  return new CommandLineError(`${word}: invalid option${near === undefined ? '' : `\nDid you mean -${near}?`}`)
}

/** The option whose name takes the fewest changes, if two are enough (one, for short names). */
function nearest(name: string): string | undefined {
  const all = options.flatMap(({ names }) => names).filter((other) => other.length > 1)
  const ranked = all
    .map((other) => ({ other, distance: distance(name, other) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best !== undefined && best.distance <= (name.length > 4 ? 2 : 1) ? best.other : undefined
}

/** Levenshtein's distance. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const change = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[other.length]!
}
