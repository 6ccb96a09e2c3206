import { createInterface } from 'node:readline'
import { BlockError, type NodeGraph, type OptionValues, textOfBlockError } from '../../block/index.ts'
import { BlockIo } from '../../block-io/index.ts'
import { OptionError, parseOptionList } from '../../keyval/index.ts'
import { Arguments } from '../arguments.ts'
import type { Output } from '../img/img.ts'
import { graphFor } from '../img/open.ts'
import { say, warn } from '../outputs.ts'
import { HelpWanted, ProgramError, UsageError } from '../program-error.ts'
import { cacheMode, checkAioMode, discardMode } from './modes.ts'
import { defaultMode, type OpenImage, type OpenMode, openImage } from './open-image.ts'
import { type ImageHolder, programCommands } from './program-commands.ts'

const known =
  'V:version c:cmd= f:format= r:read-only s:snapshot n:nocache C:copy-on-read m:misalign k:native-aio i:aio= ' +
  'd:discard= t:cache= U:force-share object= image-opts'

const onTerminal: Output = {
  out: say,
  complain: (text) => warn(`vmon io: ${text}\n`),
  warn: (text) => warn(`${text}\n`),
}

/** Runs `vmon io`, which is `qemu-io` over our block layer. @returns the exit status */
export async function runIo(argv: readonly string[]): Promise<number> {
  try {
    const args = new Arguments(argv, known, 'io')
    if (args.has('V')) {
      const { versionText } = await import('./help.ts')
      say(versionText())
      return 0
    }
    if (args.operands.length > 1) throw new UsageError('Expecting one image file name')
    return await serve(args)
  } catch (error) {
    if (error instanceof ProgramError) {
      onTerminal.complain(error.message)
      if (!(error instanceof UsageError)) return 1
    } else if (!(error instanceof HelpWanted)) throw error
    const { helpText } = await import('./help.ts')
    say(helpText())
    return error instanceof HelpWanted ? 0 : 1
  }
}

async function serve(args: Arguments): Promise<number> {
  const [operand] = args.operands
  const imageOptions = args.has('image-opts')
  const format = args.value('f')
  if (format !== undefined && imageOptions) throw new ProgramError('--image-opts and -f are mutually exclusive')
  const mode = modeOf(args)
  await using graph = await graphFor(args, onTerminal)
  await using session = new IoSession(graph, imageOptions)
  if (operand !== undefined) {
    const options: OptionValues = imageOptions ? readList(operand) : format === undefined ? {} : { driver: format }
    if (!(await session.open(imageOptions ? undefined : operand, { mode, options }))) return 1
  }
  const commands = args.values('c')
  const fine = await (commands.length > 0 ? session.runAll(commands) : session.converse())
  return fine ? 0 : 1
}

/** @throws {ProgramError} in QEMU's words */
function modeOf(args: Arguments): OpenMode {
  let mode = {
    ...defaultMode,
    readOnly: args.has('r'),
    copyOnRead: args.has('C'),
    snapshot: args.has('s'),
    forceShare: args.has('U'),
  }
  for (const [name, value] of args.options) {
    if (name === 'n') mode = { ...mode, ...cacheMode('none') }
    if (name === 't') mode = { ...mode, ...cacheMode(value) }
    if (name === 'd') mode = { ...mode, ...discardMode(value) }
    if (name === 'i') checkAioMode(value)
  }
  return mode
}

function readList(text: string): OptionValues {
  try {
    return parseOptionList(text, { impliedName: 'file' }).toRecord()
  } catch (error) {
    throw error instanceof OptionError ? new ProgramError(error.message) : error
  }
}

/** Lines of commands for one image after the other. */
class IoSession implements ImageHolder, AsyncDisposable {
  readonly imageOptions: boolean
  readonly #graph: NodeGraph
  readonly #io: BlockIo
  #image: OpenImage | undefined
  #over = false

  constructor(graph: NodeGraph, imageOptions: boolean) {
    this.#graph = graph
    this.imageOptions = imageOptions
    this.#io = new BlockIo({
      more: programCommands(this),
      program: { abort: () => process.abort(), raise: (signal) => void process.kill(process.pid, signal) },
    })
  }

  async open(
    filename: string | undefined,
    how: { readonly mode: OpenMode; readonly options: OptionValues },
  ): Promise<boolean> {
    if (this.#image !== undefined) {
      onTerminal.complain("file open already, try 'help close'")
      return false
    }
    if (how.mode.forceShare && !['on', undefined].includes(how.options['force-share'] as string | undefined)) {
      onTerminal.complain('-U conflicts with image options')
      return false
    }
    try {
      this.#image = await openImage(this.#graph, filename, how)
      return true
    } catch (error) {
      if (!(error instanceof BlockError)) throw error
      onTerminal.complain(
        `can't open${filename === undefined ? '' : ` device ${filename}`}: ${textOfBlockError(error)}`,
      )
      return false
    }
  }

  async close(): Promise<void> {
    await this.#io.quiet()
    await this.#image?.[Symbol.asyncDispose]()
    this.#image = undefined
  }

  quit(): void {
    this.#over = true
  }

  /** @returns whether nothing has failed */
  async runAll(
    lines: Iterable<string> | AsyncIterable<string>,
    between: () => void = () => undefined,
  ): Promise<boolean> {
    let fine = true
    for await (const line of lines) {
      if (!(await this.#run(line))) fine = false
      if (this.#over) break
      between()
    }
    return fine
  }

  /** Reads lines from standard input. */
  async converse(): Promise<boolean> {
    const terminal = process.stdin.isTTY === true
    const complete = (typed: string): [string[], string] => [this.#io.complete(typed), typed]
    const lines = createInterface({
      input: process.stdin,
      ...(terminal ? { output: process.stdout, completer: complete } : {}),
      prompt: 'vmon io> ',
    })
    const prompt = (): void => (terminal ? lines.prompt() : say('vmon io> '))
    prompt()
    const fine = await this.runAll(lines, prompt)
    if (terminal && !this.#over) say('\n')
    lines.close()
    return fine
  }

  #run(line: string): Promise<boolean> {
    return this.#io.run(line, {
      access: this.#image?.access,
      voices: { ...onTerminal, say, warn, show: say },
      signal: new AbortController().signal,
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
