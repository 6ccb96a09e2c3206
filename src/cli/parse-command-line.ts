import { ConfigDraft, ConfigError, type HelpText, type MachineConfig } from '../machine/index.ts'
import { CommandLineError } from './command-line-error.ts'
import { nearestName } from './nearest-option.ts'
import { findOption, type Option, options, type ProcessWishes } from './option-table.ts'
import { unavailableOptions } from './unavailable-options.ts'

/** What a command line asks for. */
export interface CommandLine {
  readonly process: Readonly<ProcessWishes>
  /** What an option's `help` answers; no machine is to be built then. */
  readonly help: HelpText | undefined
  readonly processName: string | undefined
  /** @throws {ConfigError} if the machine cannot be what the options say together */
  config(): MachineConfig
}

/**
 * Reads the options of a machine. `-name` and `--name` are the same; a word without a dash is a hard disk's image.
 *
 * As QEMU does it, all options are known to be there before the first one counts; then each counts in turn, up to the
 * first that asks for help.
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
    logItems: undefined,
    logFile: undefined,
  }
  for (const { option, text, origin } of [...wordsOf(argv)]) {
    option.apply({ draft, process }, text, origin)
    if (process.help !== undefined || draft.help !== undefined) break
  }
  return { process, help: draft.help, processName: draft.processName, config: () => configOf(draft, process) }
}

interface Said {
  readonly option: Pick<Option, 'apply'>
  readonly text: string
  /** The words as they were written, which complaints name. */
  readonly origin: string
}

/** A word that belongs to no option. */
const diskImage: Said['option'] = { apply: ({ draft }, text, origin) => draft.driveFile('hda', text, origin) }

function* wordsOf(argv: readonly string[]): Generator<Said> {
  const words = argv[Symbol.iterator]()
  for (const word of words) {
    if (!word.startsWith('-')) {
      yield { option: diskImage, text: word, origin: word }
      continue
    }
    const name = word.replace(/^--?/, '')
    const option = findOption(name)
    if (option === undefined) throw unknownOption(word, name, words)
    if (option.argument === undefined) yield { option, text: '', origin: word }
    else {
      const text = argumentOf(word, words)
      yield { option, text, origin: `${word} ${text}` }
    }
  }
}

function argumentOf(word: string, words: Iterator<string>): string {
  const next = words.next()
  if (next.done === true) throw new CommandLineError(`${word}: requires an argument`)
  return next.value
}

function unknownOption(word: string, name: string, words: Iterator<string>): CommandLineError {
  const takesArgument = unavailableOptions.get(name)
  if (takesArgument !== undefined) {
    const origin = takesArgument ? `${word} ${argumentOf(word, words)}` : word
    return new CommandLineError(`${origin}: this option of QEMU's is not available in vmon`)
  }
  const near = nearestName(
    name,
    options.flatMap((option) => option.names),
  )
  return new CommandLineError(`${word}: invalid option${near === undefined ? '' : `\nDid you mean -${near}?`}`)
}

function configOf(draft: ConfigDraft, { daemonize }: ProcessWishes): MachineConfig {
  if (daemonize && draft.usesTerminal) {
    throw new CommandLineError('-nographic cannot be used with -daemonize')
  }
  const config = draft.finish()
  const talkative = daemonize ? config.chardevs.find(({ backend }) => backend.type === 'stdio') : undefined
  if (talkative !== undefined) throw ConfigError.failure(talkative, 'cannot use stdio with -daemonize')
  return config
}
