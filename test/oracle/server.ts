/** The process under test: started in a directory of its own, ended with it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** How a server ended. A status of null means that a signal ended it. */
export interface Exit {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

export class Server implements AsyncDisposable {
  readonly directory: string
  readonly #child: ChildProcess
  readonly #gone = new AbortController()
  #said = ''
  readonly exited: Promise<Exit>

  private constructor(directory: string, child: ChildProcess) {
    this.directory = directory
    this.#child = child
    const note = (chunk: string) => {
      this.#said += chunk
    }
    child.stdout?.setEncoding('utf8').on('data', note)
    child.stderr?.setEncoding('utf8').on('data', note)
    this.exited = Promise.race([
      once(child, 'close').then(([status, signal]): Exit => ({ status, signal, stderr: this.#said })),
      once(child, 'error').then(([error]): Exit => ({ status: null, signal: null, stderr: String(error) })),
    ]).finally(() => this.#gone.abort())
  }

  /** Runs `prepare` in a fresh directory and then the command there. */
  static async start(command: readonly string[], prepare: readonly string[] = []): Promise<Server> {
    const directory = await mkdtemp(join(tmpdir(), 'vmon-oracle-'))
    try {
      for (const line of prepare) {
        let { status, output } = await shell(line, directory)
        // QEMU measures how fast it is before it encrypts, and gives up where others take its time.
        while (output.includes('Unable to get accurate CPU usage')) ({ status, output } = await shell(line, directory))
        if (status !== 0) throw new Error(`prepare: ${line}: exit status ${status}: ${output}`)
      }
      const [program, ...args] = command
      const options = { cwd: directory, env: environment(directory), stdio: ['ignore', 'pipe', 'pipe'] as const }
      return new Server(directory, spawn(program!, args, { ...options, stdio: [...options.stdio] }))
    } catch (error) {
      await rm(directory, { recursive: true, force: true })
      throw error
    }
  }

  /** Of the process; undefined if it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Aborted once the process has ended. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Waits until somebody takes connections at a socket file of that name. @throws {Error} if the process ends before */
  async listening(name: string): Promise<void> {
    while (!(await accepts(this.path(name)))) {
      if (this.gone.aborted) throw new Error(`ended before it listened: ${(await this.exited).stderr}`)
      await pause(5)
    }
  }

  /** Waits until the process has said that. @returns the match. @throws {Error} if it ends before */
  async said(text: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = text.exec(this.#said)
      if (match !== null) return match
      if (this.gone.aborted) throw new Error(`ended before it said ${text}: ${this.#said}`)
      await pause(5)
    }
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  shell(line: string): Promise<{ status: number | null; output: string }> {
    return shell(line, this.directory)
  }

  /** Asks the process to end if it still runs, and kills it where it does not listen. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.#child.kill(signal)
    return this.ended()
  }

  /** Waits for a process that is about to end, and kills it where it does not. */
  async ended(): Promise<Exit> {
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    const exit = await this.exited
    clearTimeout(killer)
    return exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
    await rm(this.directory, { recursive: true, force: true })
  }
}

function environment(directory: string): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', HOME: directory }
}

async function shell(line: string, cwd: string): Promise<{ status: number | null; output: string }> {
  const child = spawn('/bin/sh', ['-c', line], { cwd, env: environment(cwd), stdio: ['ignore', 'pipe', 'pipe'] })
  const output = ['', '']
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output[0] += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output[1] += chunk))
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, output: output.join('') }
}

/** Whether a connection is taken there. The file alone is there a moment earlier. */
function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
