import { MonitorDescriptors, NamedDescriptors } from '../../descriptors/index.ts'
import { clearTimeout, setImmediate, setTimeout } from '../../timers/index.ts'
import type { Duplex } from '../../transport/index.ts'
import type { ClientCount } from '../client-count.ts'
import type { Completion } from './completion.ts'
import { LineEditor } from './line-editor.ts'

/** What a monitor remembers from one line to the next. */
export interface HumanMonitorState {
  cpuIndex: number
  readonly history: readonly string[]
  readonly waits: boolean
  /** What has been passed to it. */
  readonly descriptors: MonitorDescriptors
}

/** Who is told what a line says: the client that has typed it, and no later one. */
export interface LineAudience {
  /** Takes what is printed, with `\n` at the ends of lines. */
  print(text: string): void
  /** Waits until the client takes more; false once it is gone. */
  wanted(): Promise<boolean>
}

/** The language that the monitor speaks. */
export interface LineLanguage {
  /** Runs a line; what it says is printed. It never rejects. */
  execute(line: string, state: HumanMonitorState, audience: LineAudience): Promise<void>
  /** What the end of a line can become. */
  complete(line: string): Completion
}

export interface HumanMonitorOptions {
  readonly language: LineLanguage
  /** Told at the beginning: the version of the emulator. */
  readonly version: string
  /** Told of clients that come and leave. */
  readonly clients?: ClientCount
}

/** How long a client that does not read is waited for when the monitor closes. */
const graceMilliseconds = 1000

/** Bytes that came while a line was being run, at most; the client is not read any further then. */
const typeAheadLimit = 1 << 16

const prompt = '(qemu) '

const anotherTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/**
 * A monitor for people: a banner, a prompt, an editor for lines, and what each line says. One client at a time; the
 * history and the chosen CPU are the monitor's and outlast it.
 */
export class HumanMonitor {
  readonly concurrent = false
  readonly #options: HumanMonitorOptions
  readonly #state: HumanMonitorState
  readonly #editor: LineEditor
  readonly #named = new NamedDescriptors()
  readonly #descriptors = new MonitorDescriptors(this.#named)
  #duplex: Duplex | undefined
  /** What is typed ahead while a line is run. */
  #waiting: Buffer[] = []
  #running: Promise<void> | undefined
  #inputEnded = false
  #open = true
  /** What is printed while another front end of a shared device has the focus; undefined while this one has it. */
  #unseen: (string | Uint8Array)[] | undefined
  /** The client has more to read than it should wait for. */
  #full = false
  /** Called when more may be printed, or nothing more need be. */
  #waiters: (() => void)[] = []

  constructor(options: HumanMonitorOptions) {
    this.#options = options
    this.#editor = new LineEditor({
      prompt,
      show: (bytes) => this.#write(Buffer.from(withReturns(bytes), 'latin1')),
      complete: (line) => this.#complete(line),
    })
    const { history } = this.#editor
    this.#state = {
      cpuIndex: 0,
      waits: true,
      get history() {
        return history.lines.map(fromBytes)
      },
      descriptors: this.#descriptors,
    }
  }

  /** Takes a client on; the monitor owns the connection from here on. */
  connection(duplex: Duplex): void {
    if (!this.#open) {
      duplex.destroy()
      return
    }
    this.#duplex = duplex
    this.#options.clients?.monitorOpened()
    this.#inputEnded = false
    this.#full = false
    this.#editor.restart()
    this.#print(`QEMU ${this.#options.version} monitor - type 'help' for more information\n`)
    if (this.#unseen === undefined) this.#editor.prompt()
    duplex.start({
      takesDescriptors: true,
      data: (chunk, descriptors) => {
        if (descriptors !== undefined) this.#descriptors.arrived(descriptors)
        this.#receive(chunk)
      },
      end: () => {
        this.#inputEnded = true
        this.#endIfDone()
      },
      drain: () => {
        this.#full = false
        this.#wake()
        duplex.resume()
      },
      closed: () => {
        this.#options.clients?.monitorClosed()
        if (this.#duplex !== duplex) return
        this.#descriptors[Symbol.dispose]()
        this.#duplex = undefined
        this.#waiting = []
        this.#wake()
      },
    })
  }

  /** Somebody has switched, between the front ends of a shared device, to this one or away from it. */
  focused(has: boolean): void {
    if (!has) {
      if (this.#duplex !== undefined && this.#running === undefined) this.#print('\n')
      this.#unseen ??= []
      return
    }
    const unseen = this.#unseen
    this.#unseen = undefined
    if (unseen === undefined || this.#duplex === undefined) return
    for (const data of unseen) this.#write(data)
    this.#wake()
    this.#editor.restart()
    if (this.#running === undefined) this.#editor.prompt()
  }

  /** Disconnects the client at once. */
  destroy(): void {
    this.#open = false
    this.#duplex?.destroy()
  }

  /** Runs no more lines; what is being run is waited for, then the client is disconnected. */
  async close(): Promise<void> {
    this.#open = false
    this.#waiting = []
    this.#wake()
    await this.#running
    this.#named[Symbol.dispose]()
    const duplex = this.#duplex
    if (duplex === undefined) return
    const grace = setTimeout(() => duplex.destroy(new Error('the client does not read')), graceMilliseconds)
    await duplex.close()
    clearTimeout(grace)
  }

  #receive(chunk: Uint8Array): void {
    this.#waiting.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    const waiting = this.#waiting.reduce((sum, { length }) => sum + length, 0)
    if (this.#running !== undefined && waiting > typeAheadLimit) this.#duplex?.pause()
    this.#edit()
  }

  /** Gives the editor what was typed, as far as the first line that has to be run. */
  #edit(): void {
    while (this.#running === undefined && this.#open) {
      const chunk = this.#waiting.shift()
      if (chunk === undefined) return
      for (const [index, byte] of chunk.entries()) {
        const line = this.#editor.type(byte)
        if (line === undefined) continue
        if (index + 1 < chunk.length) this.#waiting.unshift(chunk.subarray(index + 1))
        this.#run(line)
        break
      }
    }
  }

  #run(line: string): void {
    const client = this.#duplex
    const run = this.#options.language.execute(fromBytes(line), this.#state, {
      print: (text) => {
        if (this.#duplex === client) this.#print(text)
      },
      wanted: () => this.#wanted(client),
    })
    // What a line has brought about, as the end of the machine, comes before the next prompt.
    this.#running = run.finally(anotherTurn).finally(() => {
      this.#running = undefined
      if (!this.#open) return
      // A later client has had a prompt of its own.
      if (this.#unseen === undefined && this.#duplex === client) this.#editor.prompt()
      this.#edit()
      this.#duplex?.resume()
      this.#endIfDone()
    })
  }

  async #wanted(client: Duplex | undefined): Promise<boolean> {
    const isThere = (): boolean => this.#open && client !== undefined && this.#duplex === client
    const mustWait = (): boolean => this.#unseen !== undefined || (this.#full && (client?.buffered ?? 0) > 0)
    while (isThere() && mustWait()) await new Promise<void>((resolve) => void this.#waiters.push(resolve))
    return isThere()
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  #endIfDone(): void {
    const duplex = this.#duplex
    // Standard input that is used up says nothing of who reads standard output.
    if (!this.#inputEnded || this.#running !== undefined || duplex === undefined || duplex.kind === 'stdio') return
    void duplex.close()
  }

  #complete(line: string): Completion {
    const { typed, candidates } = this.#options.language.complete(fromBytes(line))
    return { typed, candidates: candidates.map((candidate) => Buffer.from(candidate).toString('latin1')) }
  }

  #print(text: string): void {
    this.#write(withReturns(text))
  }

  #write(data: string | Uint8Array): void {
    if (this.#unseen !== undefined) this.#unseen.push(data)
    else if (this.#duplex?.write(data) === false) this.#full = true
  }
}

/** Lines as terminals want them. */
function withReturns(text: string): string {
  return text.replaceAll('\n', '\r\n')
}

/** The text that bytes, a character each, are in UTF-8. */
function fromBytes(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString()
}
