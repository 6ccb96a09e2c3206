import { BlockError } from '../../block/index.ts'
import { HelpWanted, ImgError, UsageError } from './img-error.ts'

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
  bench: async () => (await import('./bench.ts')).bench,
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
  out: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(`vmon img: ${text}\n`),
  warn: (text) => void process.stderr.write(`${text}\n`),
}

/** Runs `vmon img`, which is `qemu-img` over our block layer. @returns the exit status */
export async function runImg(argv: readonly string[], output: Output = onTerminal): Promise<number> {
  const [name, ...rest] = argv
  try {
    if (name === undefined) throw new UsageError('Not enough arguments')
    if (name === '--version' || name === '-V') return await printVersion(output)
    if (name === '--help' || name === '-h') throw new HelpWanted()
    if (name.startsWith('-')) throw new UsageError(`unrecognized option '${name}'`)
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (load === undefined) throw new UsageError(`Command not found: ${name}`)
    const command = await load()
    return await command(rest, output)
  } catch (error) {
    if (error instanceof HelpWanted) return await printHelp(output)
    return complainOf(error, output)
  }
}

/** What a user is told of a failure. @returns the exit status @throws whatever is a bug */
function complainOf(error: unknown, output: Output): number {
  if (error instanceof ImgError) {
    const hint = error instanceof UsageError ? "\nTry 'vmon img --help' for more information" : ''
    output.complain(error.message + hint)
    return error.status
  }
  if (!(error instanceof BlockError)) throw error
  output.complain(textOf(error))
  return 1
}

/** An error of the block layer with what a person may want to know besides. */
export function textOf({ message, context }: BlockError): string {
  return context.hint === undefined ? message : `${message}\n${context.hint}`
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
