import { ConfigDraft, ConfigError, type HelpText, type MachineConfig } from '../machine/index.ts'
import { CommandLineError } from './command-line-error.ts'
import { readConfigFile } from './config-file.ts'
import { nearestName } from './nearest-option.ts'
import { findOption, type Option, options, type ProcessWishes } from './option-table.ts'
import { foreignOptions, unavailableOptions } from './unavailable-options.ts'

/** What a command line asks for. */
export interface CommandLine {
  readonly process: Readonly<ProcessWishes>
  /** What an option's `help` answers; no machine is to be built then. */
  readonly help: HelpText | undefined
  readonly processName: string | undefined
  readonly guestName: string | undefined
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
    messages: { timestamp: false, guestName: false },
    user: undefined,
    root: undefined,
    noNewPrivileges: false,
  }
  const apply = ({ option, text, origin }: Said): void => option.apply({ draft, process }, text, origin)
  for (const said of [...wordsOf(argv)]) {
    if (said.option === configFile) for (const group of groupsOf(said)) apply(group)
    else apply(said)
    if (process.help !== undefined || draft.help !== undefined) break
  }
  const { help, processName, guestName } = draft
  return { process, help, processName, guestName, config: () => configOf(draft, process) }
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
    const option = findOption(name) ?? missingOption(name)
    if (option === undefined) throw unknownOption(word, name)
    if (option.argument === undefined) yield { option, text: '', origin: word }
    else {
      const text = argumentOf(word, words)
      yield { option, text, origin: `${word} ${text}` }
    }
  }
}

const unavailable = "this option of QEMU's is not available in vmon"

/** -readconfig: options that stand in a file. */
const configFile = findOption('readconfig')

function groupsOf({ text, origin }: Said): Said[] {
  return readConfigFile(text, origin).map(({ option: name, ...group }) => {
    const option = findOption(name)
    if (option === undefined) throw new CommandLineError(`${group.origin}: ${unavailable}`)
    return { ...group, option }
  })
}

function argumentOf(word: string, words: Iterator<string>): string {
  const next = words.next()
  if (next.done === true) throw new CommandLineError(`${word}: requires an argument`)
  return next.value
}

/** An option of QEMU's that there is not: it is refused when its turn comes. */
function missingOption(name: string): (Said['option'] & Pick<Option, 'argument'>) | undefined {
  const takesArgument = unavailableOptions.get(name) ?? foreignOptions.get(name)
  if (takesArgument === undefined) return undefined
  const why = foreignOptions.has(name) ? 'Option not supported for this target' : unavailable
  return {
    ...(takesArgument && { argument: '' }),
    apply: (_, __, origin) => {
      throw new CommandLineError(`${origin}: ${why}`)
    },
  }
}

function unknownOption(word: string, name: string): CommandLineError {
  const near = nearestName(
    name,
    options.flatMap((option) => option.names),
  )
  return new CommandLineError(`${word}: invalid option${near === undefined ? '' : `\nDid you mean -${near}?`}`)
}

function configOf(draft: ConfigDraft, { daemonize }: ProcessWishes): MachineConfig {
  if (daemonize && draft.needsTerminal) {
    throw new CommandLineError('-nographic cannot be used with -daemonize')
  }
  draft.screens.addDefault()
  const config = draft.finish()
  const talkative = daemonize ? config.chardevs.find(({ backend }) => backend.type === 'stdio') : undefined
  if (talkative !== undefined) throw ConfigError.failure(talkative, 'cannot use stdio with -daemonize')
  return config
}
