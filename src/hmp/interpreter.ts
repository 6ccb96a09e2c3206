import { BlockError, textOfBlockError } from '../block/index.ts'
import { type CommandName, commands } from '../commands/index.ts'
import { MonitorDescriptors, NamedDescriptors } from '../descriptors/index.ts'
import { type Logger, silent } from '../log/index.ts'
import { ownEntry } from '../lookup/index.ts'
import { TransportError, textOfTransportError } from '../transport/index.ts'
import { completeLine, type LineCompletion } from './complete.ts'
import type { HmpCall, MonitorState } from './hmp-call.ts'
import type { HmpCommand, HmpTable } from './hmp-command.ts'
import { HmpError } from './hmp-error.ts'
import { type FormatMemory, readArguments } from './read-arguments.ts'
import { type ReadableRegisters, registerValues } from './register-values.ts'
import { commandTable, type HmpParts, infoTable } from './table.ts'
import { atEnd, type Cursor, cursorOn, skipSpace, takeCommandName } from './words.ts'

export interface InterpreterOptions {
  readonly parts: HmpParts
  /** Fires when the machine ends. */
  readonly signal: AbortSignal
  readonly log?: Logger
}

/** A command that a line names, and how the user wrote it. */
interface Found {
  readonly command: HmpCommand
  /** The name that complaints begin with: `quit|q`, and `status` of `info status`. */
  readonly shownName: string
  /** What the user wrote: `q`, `info status`. */
  readonly written: string
}

/** Who is told what a line says. */
export interface Audience {
  /** Takes what is printed, in pieces. */
  print(text: string): void
  /** Waits until more can be taken; false once nobody wants it any more. */
  wanted(): Promise<boolean>
}

/**
 * The language of the human monitor: reads a line, finds its command, reads its arguments and runs it. It keeps the
 * formats in which memory was shown last, for all monitors of a machine; the rest of what a monitor remembers is its own.
 */
export class Interpreter {
  readonly #parts: HmpParts
  readonly #signal: AbortSignal
  readonly #log: Logger
  readonly #formats: FormatMemory = { format: 'x', size: 4 }

  constructor({ parts, signal, log = silent }: InterpreterOptions) {
    this.#parts = parts
    this.#signal = signal
    this.#log = log
  }

  /**
   * Runs a line. What it says, failures among it, is printed; lines end in `\n`. An empty line does nothing.
   */
  async execute(line: string, monitor: MonitorState, audience: Audience): Promise<void> {
    const cursor = cursorOn(line)
    try {
      const found = find(cursor)
      if (found === undefined) return
      const args = await this.#read(found, cursor, monitor)
      await found.command.run(this.#call(monitor, audience), args)
    } catch (error) {
      audience.print(`${this.#complaint(error)}\n`)
    }
  }

  /**
   * What a topic of `info` prints when nothing more is said.
   *
   * @throws what the topic complains of
   */
  async topic(name: string): Promise<string> {
    let text = ''
    const monitor = {
      cpuIndex: 0,
      history: [],
      waits: false,
      descriptors: new MonitorDescriptors(new NamedDescriptors()),
    }
    await ownEntry(infoTable, name)!.run(
      this.#call(monitor, { print: (more) => void (text += more), wanted: async () => true }),
      {},
    )
    return text
  }

  /** What the end of a line can become. */
  complete(line: string): LineCompletion {
    return completeLine(line, {
      commands: commandTable,
      info: infoTable,
      drives: () => [...this.#parts.drives].map(({ id }) => id).filter((id) => id !== ''),
      chardevs: () =>
        this.#parts.chardevs.list().map(({ label, filename }) => ({ label, buffer: filename === 'ringbuf' })),
      objects: () => this.#parts.userObjects.ids,
      devices: () =>
        [...this.#parts.devices].flatMap(({ id, place }) =>
          place.bus === 'ISA' || place.bus === 'none' ? [] : (id ?? []),
        ),
    })
  }

  async #read({ command, shownName, written }: Found, cursor: Cursor, monitor: MonitorState): Promise<unknown> {
    const registers: ReadableRegisters | undefined =
      cursor.line.includes('$') && monitor.cpuIndex < this.#parts.cpus.count
        ? await this.#parts.guest.registers()
        : undefined
    try {
      return readArguments(shownName, command.members, cursor, {
        registerValue: registerValues(registers),
        formats: this.#formats,
      })
    } catch (error) {
      if (!(error instanceof HmpError)) throw error
      throw new HmpError(`${error.message}${error.ended ? '\n' : ''}Try "help ${written}" for more information`)
    }
  }

  #call(monitor: MonitorState, audience: Audience): HmpCall<HmpParts> {
    const qmp = async (name: CommandName, args: unknown = {}): Promise<unknown> =>
      commands[name].run(this.#parts as never, args as never, {
        session: { negotiate: () => undefined, descriptors: monitor.descriptors },
        signal: this.#signal,
      })
    return {
      parts: this.#parts,
      cpuIndex: monitor.cpuIndex,
      signal: this.#signal,
      print: (text) => audience.print(text),
      wanted: () => audience.wanted(),
      qmp: qmp as HmpCall<HmpParts>['qmp'],
      monitor,
    }
  }

  #complaint(error: unknown): string {
    if (error instanceof HmpError) return error.message
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof BlockError) return `Error: ${textOfBlockError(error)}`
    if (error instanceof TransportError) return `Error: ${textOfTransportError(error)}`
    if (error instanceof Error && ('kind' in error || 'errorClass' in error)) return `Error: ${message}`
    this.#log.log('hmp', 'a command failed unexpectedly', { error })
    return `Error: Internal error: ${message}`
  }
}

/**
 * Reads the name of a command, and of a topic behind `info`; undefined if the line is empty.
 *
 * @throws {HmpError} if there is no such command
 */
function find(cursor: Cursor): Found | undefined {
  const start = (): string => cursor.line.slice(0, cursor.position).trimStart()
  const name = takeCommandName(cursor)
  if (name === undefined) return undefined
  const outer = lookUp(commandTable, name)
  if (outer === undefined) throw new HmpError(`unknown command: '${start()}'`)
  const written = start()
  skipSpace(cursor)
  if (outer.command !== commandTable['info'] || atEnd(cursor)) return { ...outer, written }
  const topic = takeCommandName(cursor)
  const inner = topic === undefined ? undefined : lookUp(infoTable, topic)
  const whole = start()
  if (inner === undefined) throw new HmpError(`unknown command: '${whole}'`)
  skipSpace(cursor)
  return { ...inner, written: whole }
}

/** Finds a command by its name or another name of it. */
function lookUp(table: HmpTable, name: string): Pick<Found, 'command' | 'shownName'> | undefined {
  for (const [main, command] of Object.entries(table)) {
    const names = [main, ...(command.aliases ?? [])]
    if (names.includes(name)) return { command, shownName: names.join('|') }
  }
  return undefined
}
