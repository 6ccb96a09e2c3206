import { type ChildProcess, spawn } from 'node:child_process'
import { deferred } from '../../async/index.ts'
import { reasonText } from '../../errno/index.ts'
import { type Duplex, NodeStreamsWire, WireDuplex } from '../../transport/index.ts'
import { MigrationError } from '../migration-error.ts'
import type { Channel } from './channel.ts'
import { DuplexChannel } from './duplex-channel.ts'

/** Speaks TLS over a stream, or gives it up. */
export type SecureWithin = (plain: Duplex) => Promise<Duplex>

/** A stream through a command of the shell: into its standard input, or out of its standard output. */
export class CommandChannel implements Channel {
  readonly answers = false
  readonly isPipe = true
  readonly write: Channel['write']
  readonly read: Channel['read']
  readonly #child: ChildProcess
  readonly #pipe: DuplexChannel
  readonly #exited = deferred<string | undefined>()

  private constructor(child: ChildProcess, direction: 'out' | 'in', duplex: Duplex) {
    this.#child = child
    child.on('exit', (status, signal) => {
      const ended = status === 0 ? undefined : signal === null ? `exit status ${status}` : `signal ${signal}`
      this.#exited.resolve(ended)
      // Node.js drops what still waits for a program that has ended, and tells nobody.
      if (direction === 'out' && this.#pipe.unsent)
        void this.#pipe.destroy(new MigrationError('channel', 'Unable to write to command: Broken pipe'))
    })
    this.#pipe = new DuplexChannel(duplex, { answers: false, noun: 'command' })
    this.write = this.#pipe.write
    this.read = this.#pipe.read
  }

  /**
   * @param secure - what secures the stream, for which the command has to bring answers, too; undefined for nothing
   * @throws {MigrationError} `channel`, if no shell can be started
   * @throws {TransportError} `tls`, if the two sides cannot agree
   */
  static async start(command: string, direction: 'out' | 'in', secure?: SecureWithin): Promise<CommandChannel> {
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['pipe', 'pipe', 'inherit'] })
    const started = deferred()
    child.once('spawn', () => started.resolve())
    child.on('error', (error) =>
      started.reject(new MigrationError('channel', `Unable to run '${command}': ${reasonText(error)}`, error)),
    )
    await started.promise
    const { stdin, stdout } = child
    if (direction === 'out' && secure === undefined) stdout.resume()
    const wire = new NodeStreamsWire({
      input: direction === 'in' || secure !== undefined ? stdout : undefined,
      output: stdin,
      release: () => stdin.end(),
    })
    const duplex = new WireDuplex(wire, { kind: 'pipe' })
    try {
      return new CommandChannel(
        child,
        direction,
        secure === undefined ? duplex : await Promise.race([secure(duplex), untilExit(child)]),
      )
    } catch (error) {
      child.kill('SIGTERM')
      throw error
    }
  }

  async finish(): Promise<void> {
    await this.#pipe.finish()
    const failure = await this.#exited.promise
    if (failure !== undefined) throw new MigrationError('channel', `The command has ended with ${failure}`)
  }

  async destroy(reason: Error): Promise<void> {
    await this.#pipe.destroy(reason)
    this.#child.kill('SIGTERM')
    await this.#exited.promise
  }
}

/** Never settles but by a rejection. */
function untilExit(child: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    child.once('exit', () =>
      reject(new MigrationError('channel', 'The command has ended before it could be encrypted')),
    )
  })
}
