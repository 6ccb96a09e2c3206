import { type ChildProcess, spawn } from 'node:child_process'
import { deferred } from '../../async/index.ts'
import { reasonText } from '../../errno/index.ts'
import { NodeStreamsWire, WireDuplex } from '../../transport/index.ts'
import { MigrationError } from '../migration-error.ts'
import type { Channel } from './channel.ts'
import { DuplexChannel } from './duplex-channel.ts'

/** A stream through a command of the shell: into its standard input, or out of its standard output. */
export class CommandChannel implements Channel {
  readonly answers = false
  readonly write: Channel['write']
  readonly read: Channel['read']
  readonly #child: ChildProcess
  readonly #pipe: DuplexChannel
  readonly #exited = deferred<string | undefined>()

  private constructor(child: ChildProcess, direction: 'out' | 'in') {
    this.#child = child
    child.on('exit', (status, signal) => {
      const ended = status === 0 ? undefined : signal === null ? `exit status ${status}` : `signal ${signal}`
      this.#exited.resolve(ended)
      // Node.js drops what still waits for a program that has ended, and tells nobody.
      if (direction === 'out' && this.#pipe.unsent)
        void this.#pipe.destroy(new MigrationError('channel', 'Unable to write to command: Broken pipe'))
    })
    const { stdin, stdout } = child
    if (direction === 'out') stdout!.resume()
    const wire = new NodeStreamsWire({
      input: direction === 'in' ? stdout! : undefined,
      output: stdin!,
      release: () => stdin!.end(),
    })
    this.#pipe = new DuplexChannel(new WireDuplex(wire, { kind: 'pipe' }), { answers: false, noun: 'command' })
    this.write = this.#pipe.write
    this.read = this.#pipe.read
  }

  /** @throws {MigrationError} `channel`, if no shell can be started */
  static async start(command: string, direction: 'out' | 'in'): Promise<CommandChannel> {
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['pipe', 'pipe', 'inherit'] })
    const started = deferred()
    child.once('spawn', () => started.resolve())
    child.on('error', (error) =>
      started.reject(new MigrationError('channel', `Unable to run '${command}': ${reasonText(error)}`, error)),
    )
    await started.promise
    return new CommandChannel(child, direction)
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
