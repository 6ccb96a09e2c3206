import { BlockError, textOfBlockError } from '../../block/index.ts'
import { reasonText, systemCode } from '../../errno/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import { sayAtOnce, warn } from '../outputs.ts'
import { HelpWanted, ProgramError, UsageError } from '../program-error.ts'

/** Where a command's words go. */
export interface Output {
  out(text: string): void
  /** A line on standard error, after the program's name. */
  complain(text: string): void
  /** A line on standard error, as it is. */
  warn(text: string): void
}

/** A command of `vmon img`. @returns the exit status */
export type ImgCommand = (argv: readonly string[], output: Output) => Promise<number>

/** The commands; each is loaded when it is called. */
const commands: Readonly<Record<string, () => Promise<ImgCommand>>> = {
  amend: async () => (await import('./amend.ts')).amend,
  bench: async () => (await import('./bench.ts')).bench,
  bitmap: async () => (await import('./bitmap.ts')).bitmap,
  check: async () => (await import('./check.ts')).check,
  commit: async () => (await import('./commit.ts')).commit,
  compare: async () => (await import('./compare.ts')).compare,
  convert: async () => (await import('./convert.ts')).convert,
  create: async () => (await import('./create.ts')).create,
  dd: async () => (await import('./dd.ts')).dd,
  info: async () => (await import('./info.ts')).info,
  map: async () => (await import('./map.ts')).map,
  measure: async () => (await import('./measure.ts')).measure,
  rebase: async () => (await import('./rebase.ts')).rebase,
  resize: async () => (await import('./resize.ts')).resize,
  snapshot: async () => (await import('./snapshot.ts')).snapshot,
}

const onTerminal: Output = {
  out: sayAtOnce,
  complain: (text) => warn(`vmon img: ${text}\n`),
  warn: (text) => warn(`${text}\n`),
}

/** Runs `vmon img`, which is `qemu-img` over our block layer. @returns the exit status */
export async function runImg(argv: readonly string[], output: Output = onTerminal): Promise<number> {
  const [name, ...rest] = argv
  try {
    if (name === undefined) throw new UsageError('Not enough arguments')
    if (isShort(name, 'V') || isLong(name, 'version')) return await printVersion(output)
    if (isShort(name, 'h') || isLong(name, 'help')) throw new HelpWanted()
    if (name.startsWith('-')) throw new UsageError(`unrecognized option '${name}'`)
    const load = ownEntry(commands, name)
    if (load === undefined) throw new UsageError(`Command not found: ${name}`)
    const command = await load()
    return await command(rest, output)
  } catch (error) {
    if (error instanceof HelpWanted) return await printHelp(output)
    return complainOf(error, output)
  }
}

/** As the C library's getopt_long() sees it: what follows a letter are more letters, and words may be shortened. */
function isShort(word: string, letter: string): boolean {
  return word.startsWith(`-${letter}`)
}

function isLong(word: string, name: string): boolean {
  return word.length > 2 && `--${name}`.startsWith(word)
}

/** What a user is told of a failure. @returns the exit status @throws whatever is a bug */
function complainOf(thrown: unknown, output: Output): number {
  const error = firstOf(thrown)
  if (error instanceof ProgramError) {
    const hint = error instanceof UsageError ? "\nTry 'vmon img --help' for more information" : ''
    output.complain(error.message + hint)
    return error.status
  }
  if (error instanceof BlockError) output.complain(textOfBlockError(error))
  else if (systemCode(error) !== undefined) output.complain(reasonText(error))
  else throw error
  return 1
}

/** Of a failure, and another when what had been begun was ended: the first. */
function firstOf(error: unknown): unknown {
  return error instanceof Error && 'suppressed' in error ? firstOf(error.suppressed) : error
}

async function printHelp(output: Output): Promise<number> {
  const { helpText } = await import('./help.ts')
  output.out(helpText())
  return 0
}

async function printVersion(output: Output): Promise<number> {
  const { versionText } = await import('./help.ts')
  output.out(versionText())
  return 0
}
