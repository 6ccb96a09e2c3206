import { closeSync, constants, openSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { type Libc, loadLibc } from '../libc/index.ts'
import type { Duplex } from './duplex.ts'
import { NodeStreamsWire } from './node-streams-wire.ts'
import { TransportError } from './transport-error.ts'
import { WireDuplex } from './wire-duplex.ts'

const fDupFdCloseOnExec = 1030
const closeOnExec = 0o2000000
const pollHangUp = 0x10
const termiosSize = 64
const pathSize = 128

/** The master's side of a pseudo-terminal: programs open the other one by its path. */
export class Pty {
  readonly path: string
  readonly #libc: Libc
  readonly #master: number
  readonly #poll: (...args: unknown[]) => number
  #state: 'open' | 'closed' = 'open'

  private constructor(libc: Libc, master: number) {
    this.#libc = libc
    this.#master = master
    this.#poll = libc.func('int poll(void *descriptors, unsigned long count, int timeout)')
    this.path = pathOf(libc, master)
    this.#makeRaw()
  }

  /**
   * Makes a pseudo-terminal, in raw mode.
   *
   * @throws {TransportError} `unsupported`, where the C library cannot be called
   * @throws {Error} with the system's `code`, if there is none to be had
   */
  static open(): Pty {
    const libc = loadLibc()
    if (libc === undefined)
      throw new TransportError('unsupported', 'A pty needs 64-bit Linux and the optional package koffi')
    const master = libc.func('int posix_openpt(int flags)')(constants.O_RDWR | constants.O_NOCTTY | closeOnExec)
    if (master < 0) throw libc.error('posix_openpt')
    try {
      if (libc.func('int grantpt(int fd)')(master) < 0) throw libc.error('grantpt')
      if (libc.func('int unlockpt(int fd)')(master) < 0) throw libc.error('unlockpt')
      return new Pty(libc, master)
    } catch (error) {
      closeSync(master)
      throw error
    }
  }

  /** Whether a program has it open; nothing tells when one does. */
  get occupied(): boolean {
    const request = new DataView(new ArrayBuffer(8))
    request.setInt32(0, this.#master, true)
    this.#poll(new Uint8Array(request.buffer), 1, 0)
    return (request.getInt16(6, true) & pollHangUp) === 0
  }

  /** A stream to whoever has it open; it closes, with the reason `EIO`, when the last one has left. */
  connect(): Duplex {
    const copy = this.#libc.func('int fcntl(int fd, int command, int argument)')(this.#master, fDupFdCloseOnExec, 0)
    if (copy < 0) throw this.#libc.error('fcntl')
    let terminal: ReadStream
    try {
      terminal = new ReadStream(copy)
    } catch (error) {
      closeSync(copy)
      throw error
    }
    terminal.pause()
    const wire = new NodeStreamsWire({ input: terminal, output: terminal, release: () => terminal.destroy() })
    return new WireDuplex(wire, { kind: 'pty' })
  }

  /** Gives the path back to the system; streams live on until they are closed. */
  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    closeSync(this.#master)
  }

  /** Bytes go through as they are. Having been open once, it also counts as left. */
  #makeRaw(): void {
    const slave = openSync(this.path, constants.O_RDWR | constants.O_NOCTTY)
    const termios = new Uint8Array(termiosSize)
    this.#libc.func('int tcgetattr(int fd, void *termios)')(slave, termios)
    this.#libc.func('void cfmakeraw(void *termios)')(termios)
    this.#libc.func('int tcsetattr(int fd, int when, void *termios)')(slave, 0, termios)
    closeSync(slave)
  }
}

function pathOf(libc: Libc, master: number): string {
  const path = Buffer.from(new ArrayBuffer(pathSize))
  if (libc.func('int ptsname_r(int fd, void *path, size_t size)')(master, path, pathSize) !== 0)
    throw libc.error('ptsname_r')
  return path.toString('utf8', 0, path.indexOf(0))
}
