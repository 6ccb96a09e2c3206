import { createInterface, type Interface } from 'node:readline'
import { CommandError, ConnectionLostError, type QmpClient, type QmpEvent } from '../../client/index.ts'
import { connectQmp } from '../../embedding/index.ts'
import { print } from '../../json/index.ts'
import { complete, type SchemaInfo } from '../../qapi/index.ts'
import { delay } from '../../timers/index.ts'
import type { Arguments } from '../arguments.ts'
import { output, say, warn } from '../outputs.ts'
import { printable, printableLines } from '../printable.ts'
import { runProgram } from '../run-program.ts'
import { commandHelp } from './command-help.ts'
import { hint } from './hint.ts'
import { History } from './history.ts'
import { HumanLines } from './human-lines.ts'
import { LineError, type RequestLine, readLine, splitWords, wordsRequest } from './request-line.ts'
import { readShellOptions, type ShellOptions, shellHelp, shellWords, withLineApart } from './shell-options.ts'

/**
 * `vmon shell`: the interactive client.
 *
 * @returns the exit status: 0, 1 if a command was refused, 2 if there is nobody to talk to
 */
export function runShell(argv: readonly string[]): Promise<number> {
  return runProgram({ name: 'shell', help: shellHelp, options: shellWords, run }, withLineApart(argv))
}

async function run(args: Arguments): Promise<number> {
  const options = readShellOptions(args)
  await using shell = new Shell(await connectQmp(options.address, inTime(options)), options)
  return options.words.length > 0 ? await shell.runOnce(options.words) : await shell.converse()
}

class Shell implements AsyncDisposable {
  readonly #client: QmpClient
  readonly #options: ShellOptions
  readonly #human: HumanLines | undefined
  #schema: readonly SchemaInfo[] | undefined
  #terminal: Interface | undefined

  constructor(client: QmpClient, options: ShellOptions) {
    this.#client = client
    this.#options = options
    this.#human = options.human ? new HumanLines(client) : undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.close()
  }

  async runOnce(words: readonly string[]): Promise<number> {
    try {
      if (this.#human !== undefined) return await this.#runLine(words.join(' '))
      if (words[0] === 'help') return await this.#help(words.slice(1))
      const whole = words.length === 1 && words[0]!.trimStart().startsWith('{')
      const needsTypes = words.some((word) => word.includes('='))
      const schema = needsTypes ? await this.#types() : []
      const request = whole ? readLine(words[0]!, schema)! : wordsRequest(words, schema)
      return await this.#run(request)
    } catch (error) {
      return this.#complain(error)
    }
  }

  async converse(): Promise<number> {
    const interactive = process.stdin.isTTY && process.stdout.isTTY
    void this.#showEvents()
    if (interactive) {
      this.#greet()
      // What lines are completed with is there before the first one, unless the server takes its time.
      const learned = (this.#human?.learn() ?? this.#types()).catch(() => undefined)
      await Promise.race([learned, delay(patience)])
    }
    const history = interactive ? await History.open(this.#human === undefined ? 'qmp' : 'hmp') : undefined
    const terminal = createInterface({
      input: process.stdin,
      ...(interactive && {
        output: output('stdout'),
        prompt: this.#human === undefined ? '(qmp) ' : '(qemu) ',
        history: history!.lines,
        historySize: 1000,
        removeHistoryDuplicates: true,
        // Done at once: readline would put what comes later behind what has been typed meanwhile.
        completer: (line: string) => this.#completions(line),
      }),
    })
    if (interactive) completeInBursts(terminal)
    this.#terminal = interactive ? terminal : undefined
    terminal.on('SIGINT', () => terminal.close())
    void this.#client.closed.then(() => terminal.close())
    let status = 0
    terminal.prompt()
    for await (const line of terminal) {
      history?.add(line)
      try {
        status = Math.max(status, await this.#runLine(line))
      } catch (error) {
        status = Math.max(status, this.#complain(error))
        if (error instanceof ConnectionLostError) break
      }
      this.#terminal?.prompt(true) // something may have been typed meanwhile
    }
    await history?.save()
    return interactive ? 0 : status
  }

  async #runLine(line: string): Promise<number> {
    const words = splitWords(line)
    if (this.#human === undefined && words[0] === 'help') return await this.#help(words.slice(1))
    const request = this.#human === undefined ? readLine(line, await this.#typesFor(line)) : this.#human.request(line)
    return request === undefined ? 0 : await this.#run(request, line)
  }

  async #run({ name, args }: RequestLine, line = ''): Promise<number> {
    const { json } = this.#options
    try {
      const value = await this.#client.executeAny(name, args, inTime(this.#options))
      const text = json
        ? print({ return: value })
        : (this.#human?.answered(line, value) ?? print(value, { pretty: true }))
      if (text !== '') this.#show(text)
      return 0
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      if (json) this.#show(print({ error: { class: error.errorClass, desc: error.message } }))
      else this.#say(`${error.errorClass}: ${error.message}${await this.#hint(error, args)}`)
      return 1
    }
  }

  async #help(words: readonly string[]): Promise<number> {
    const text = commandHelp(await this.#types(), words)
    this.#show(this.#options.json ? print({ return: text }) : text)
    return 0
  }

  /** What may have been meant, if a refusal is for how a command is spelt. */
  async #hint(error: CommandError, args: object | undefined): Promise<string> {
    const misspelt = error.errorClass === 'CommandNotFound' || / is unexpected$/.test(error.message)
    return misspelt ? hint(error, args, await this.#types().catch(() => [])) : ''
  }

  #complain(error: unknown): number {
    if (error instanceof CommandError) this.#say(`${error.errorClass}: ${error.message}`)
    else if (error instanceof Error) this.#say(error.message)
    else throw error
    return error instanceof CommandError || error instanceof LineError ? 1 : 2
  }

  #greet(): void {
    const { qemu, package: name } = this.#client.greeting.version
    const version = `${qemu.major}.${qemu.minor}.${qemu.micro}`
    this.#show(
      `Connected: QMP of QEMU ${version}${name === '' ? '' : ` (${name})`}. TAB completes, help tells, Ctrl-D ends.`,
    )
  }

  async #showEvents(): Promise<void> {
    const queue = this.#client.events()
    let lost = 0
    for await (const event of queue) {
      if (queue.lost > lost) this.#say(`${queue.lost - lost} events were lost`)
      lost = queue.lost
      this.#show(this.#options.json ? print(wireEvent(event)) : shortEvent(event))
    }
  }

  /** Output above the line that is being typed. */
  #show(text: string): void {
    this.#above(() => say(`${printableLines(text.replaceAll('\r\n', '\n'))}\n`))
  }

  #say(text: string): void {
    this.#above(() => warn(`vmon shell: ${printableLines(text)}\n`))
  }

  #above(write: () => void): void {
    if (this.#terminal !== undefined) say('\r\u001b[K')
    write()
    this.#terminal?.prompt(true)
  }

  async #types(): Promise<readonly SchemaInfo[]> {
    this.#schema ??= (await this.#client.executeAny(
      'query-qmp-schema',
      {},
      inTime(this.#options),
    )) as readonly SchemaInfo[]
    return this.#schema
  }

  async #typesFor(line: string): Promise<readonly SchemaInfo[]> {
    return line.includes('=') ? await this.#types().catch(() => []) : []
  }

  #completions(line: string): [string[], string] {
    const [found, word] = this.#candidates(line)
    return [found.filter((one) => printable(one) === one), word]
  }

  #candidates(line: string): [string[], string] {
    if (this.#human !== undefined) return this.#human.completions(line)
    const words = splitWords(line)
    if (line === '' || /\s$/.test(line)) words.push('')
    if (words[0] === 'help') return [complete(this.#schema ?? [], words.slice(1, 2)), words.at(-1) ?? '']
    const own = words.length === 1 && 'help'.startsWith(words[0]!) ? ['help'] : []
    return [[...own, ...complete(this.#schema ?? [], words)], words.at(-1) ?? '']
  }
}

/** Node's line editor takes a tab for a character where more comes with it: for a paste, but people type as fast. */
function completeInBursts(terminal: Interface): void {
  Object.defineProperty(terminal, 'isCompletionEnabled', { get: () => true, set: () => undefined })
}

/** How long the first prompt waits for what completion needs, in milliseconds. */
const patience = 1000

/** What an answer may take, as `--timeout` has it. */
const inTime = ({ timeoutMs }: ShellOptions): { readonly timeoutMs?: number } =>
  timeoutMs === undefined ? {} : { timeoutMs }

function wireEvent({ event, time, data }: QmpEvent): unknown {
  const microseconds = Math.round(time * 1000)
  const timestamp = { seconds: Math.floor(microseconds / 1e6), microseconds: microseconds % 1e6 }
  return { timestamp, event, ...(Object.keys(data).length > 0 && { data }) }
}

function shortEvent({ event, time, data }: QmpEvent): string {
  const clock = new Date(time).toISOString().slice(11, 23)
  return `[${clock}] ${event}${Object.keys(data).length > 0 ? ` ${print(data)}` : ''}`
}
