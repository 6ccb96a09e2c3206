import { HelpWanted, UsageError } from './program-error.ts'

interface Option {
  readonly name: string
  readonly takesValue: boolean
}

/**
 * The arguments of a command, read as the C library's getopt_long() does: options may stand behind operands, long ones
 * may be shortened as long as they stay unique, `--` ends them.
 */
export class Arguments {
  /** In the order in which they stand. */
  readonly options: readonly (readonly [name: string, value: string])[]
  readonly operands: readonly string[]

  /**
   * @param known - the options, as words: `f:format=` is `-f` and `--format` with a value, `U` is a flag. The first of
   *   the names is the one to ask for. `-h` and `--help` are there always.
   * @param command - the word before them
   * @throws {UsageError} in QEMU's words; {HelpWanted}
   */
  constructor(argv: readonly string[], known: string, command: string) {
    const names = readKnown(known)
    const options: [string, string][] = []
    const operands: string[] = []
    for (let at = 0; at < argv.length; at++) {
      const word = argv[at]!
      if (word === '--') {
        operands.push(...argv.slice(at + 1))
        break
      }
      if (!word.startsWith('-') || word === '-') {
        operands.push(word)
        continue
      }
      // What the C library looked at last: operands have been moved behind the options by then.
      const before = operands.at(-1) ?? (at === 0 ? command : argv[at - 1]!)
      for (const { option, value } of word.startsWith('--')
        ? readLong(word, names)
        : readShort(word, { names, before })) {
        if (option.name === 'h') throw new HelpWanted()
        if (!option.takesValue) options.push([option.name, ''])
        else if (value !== undefined) options.push([option.name, value])
        else if (at + 1 < argv.length) options.push([option.name, argv[++at]!])
        else throw new UsageError(`missing argument for option '${word}'`)
      }
    }
    this.options = options
    this.operands = operands
  }

  has(name: string): boolean {
    return this.options.some(([other]) => other === name)
  }

  /** The last value that was given. */
  value(name: string): string | undefined {
    return this.values(name).at(-1)
  }

  values(name: string): string[] {
    return this.options.filter(([other]) => other === name).map(([, value]) => value)
  }
}

interface Found {
  readonly option: Option
  readonly value: string | undefined
}

function readKnown(known: string): ReadonlyMap<string, Option> {
  const names = new Map<string, Option>()
  for (const word of `h:help ${known}`.split(' ').filter(Boolean)) {
    const spellings = word.replace(/=$/, '').split(':')
    const option = { name: spellings[0]!, takesValue: word.endsWith('=') }
    for (const spelling of spellings) names.set(spelling, option)
  }
  return names
}

function readLong(word: string, names: ReadonlyMap<string, Option>): Found[] {
  const [, name, value] = /^--([^=]*)(?:=(.*))?$/s.exec(word)!
  const fitting = [...names.keys()].filter((long) => long.length > 1 && long.startsWith(name!))
  const full = fitting.includes(name!) ? name! : fitting.length === 1 ? fitting[0]! : undefined
  const option = full === undefined ? undefined : names.get(full)
  if (option === undefined || (value !== undefined && !option.takesValue)) throw unrecognized(word)
  return [{ option, value }]
}

/**
 * Several flags may stand in one word; the rest of the word is the value of the one that takes one.
 *
 * @param before - the word that is complained of when an unknown letter is not the last: getopt() is not past this one yet
 */
function readShort(
  word: string,
  { names, before }: { readonly names: ReadonlyMap<string, Option>; readonly before: string },
): Found[] {
  const found: Found[] = []
  for (let at = 1; at < word.length; at++) {
    const option = names.get(word[at]!)
    if (option === undefined) throw unrecognized(at + 1 < word.length ? before : word)
    const rest = option.takesValue && at + 1 < word.length ? word.slice(at + 1) : undefined
    found.push({ option, value: rest })
    if (option.takesValue) break
  }
  return found
}

function unrecognized(word: string): UsageError {
  return new UsageError(`unrecognized option '${word}'`)
}
