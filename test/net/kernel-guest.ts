import { execFile } from 'node:child_process'
import { close, existsSync, open, read, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { loadLibc } from '../../src/libc/index.ts'
import { type NetEnd, Wire, type WireEnd } from '../../src/net/index.ts'

const run = promisify(execFile)
const setInterface = 0x400454ca
const tap = 0x0002
const withoutHeader = 0x1000

/** Why there can be no kernel behind a wire here; false if there can. */
export const noKernelGuest: string | false =
  process.getuid?.() !== 0 || !existsSync('/dev/net/tun') || !existsSync('/usr/sbin/ip') || loadLibc() === undefined
    ? 'needs root, /dev/net/tun and ip'
    : false

let made = 0

/**
 * The TCP of this host's own kernel in the place of a guest: a network namespace with a tap whose other side is a wire.
 * It is a hundred times faster than an emulated guest, and knows every trick.
 */
export class KernelGuest implements NetEnd, AsyncDisposable {
  readonly wire: Wire
  readonly space: string
  readonly #descriptor: number
  readonly #end: WireEnd
  /** Decides what becomes of each frame, to the guest and from it. */
  fate: (toGuest: boolean) => 'arrives' | 'lost' | 'twice' | 'late' = () => 'arrives'
  #ended = false

  private constructor(wire: Wire, space: string, descriptor: number) {
    this.wire = wire
    this.#end = wire.left
    this.space = space
    this.#descriptor = descriptor
  }

  static async start(wire = new Wire()): Promise<KernelGuest> {
    const name = `vt${process.pid % 100_000}x${made++}`
    const descriptor = await promisify(open)('/dev/net/tun', 'r+')
    const request = new Uint8Array(new ArrayBuffer(40))
    request.set(Buffer.from(name))
    request.set([(tap | withoutHeader) & 0xff, (tap | withoutHeader) >> 8], 16)
    const ioctl = loadLibc()!.func('int ioctl(int fd, unsigned long request, uint8_t *argument)')
    if (ioctl(descriptor, setInterface, request) < 0) throw loadLibc()!.error('ioctl')
    await run('ip', ['netns', 'add', name])
    await run('ip', ['link', 'set', name, 'netns', name])
    const guest = new KernelGuest(wire, name, descriptor)
    // It asks for an address of IPv6 only where a test lets it.
    await guest.run('sysctl', '-qw', `net.ipv6.conf.${name}.disable_ipv6=1`).catch(() => undefined)
    await guest.run('ip', 'link', 'set', 'lo', 'up')
    // Frames are read one by one: they wait rather than be lost.
    await guest.run('ip', 'link', 'set', name, 'txqueuelen', '50000', 'up')
    void guest.#listen()
    return guest
  }

  /** Gives it an address, and the usual gateway. */
  async configure(address = '10.0.2.15/24'): Promise<void> {
    await this.run('ip', 'addr', 'add', address, 'dev', this.space)
    await this.run('ip', 'route', 'add', 'default', 'via', '10.0.2.2')
  }

  /** Lets it make itself an address of IPv6, as the router of its network tells it to. */
  async learnIpv6(): Promise<void> {
    await this.run('sysctl', '-qw', `net.ipv6.conf.${this.space}.accept_dad=0`)
    await this.run('sysctl', '-qw', `net.ipv6.conf.${this.space}.disable_ipv6=0`)
    while (!/default via fe80::2/.test(await this.run('ip', '-6', 'route', 'show', 'default')))
      await new Promise((resolve) => setTimeout(resolve, 50))
  }

  /** Runs a program in the guest's network. @returns what it writes */
  async run(program: string, ...words: string[]): Promise<string> {
    const { stdout } = await run('ip', ['netns', 'exec', this.space, program, ...words], { maxBuffer: 1 << 26 })
    return stdout
  }

  receive(frame: Uint8Array): boolean {
    this.#meet(frame, true, (arrived) => this.#write(arrived))
    return true
  }

  #write(frame: Uint8Array): void {
    if (this.#ended) return
    try {
      writeSync(this.#descriptor, frame)
    } catch {
      // Its queue is full, or it has gone: the frame is lost, as on any wire.
    }
  }

  #meet(frame: Uint8Array, toGuest: boolean, arrive: (frame: Uint8Array) => void): void {
    const fate = this.fate(toGuest)
    if (fate === 'lost') return
    if (fate === 'late') setTimeout(() => arrive(frame), 3)
    else arrive(frame)
    if (fate === 'twice') arrive(frame)
  }

  async #listen(): Promise<void> {
    while (!this.#ended) {
      const bytes = Buffer.allocUnsafe(2048)
      const length = await new Promise<number>((resolve) =>
        read(this.#descriptor, bytes, 0, bytes.length, null, (error, count) => resolve(error === null ? count : 0)),
      )
      if (length === 0) return
      this.#meet(bytes.subarray(0, length), false, (frame) => this.#end.send(frame))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    // What waits for a frame of the guest gets one.
    await this.run('ip', 'link', 'set', this.space, 'down').catch(() => undefined)
    await run('ip', ['netns', 'del', this.space]).catch(() => undefined)
    await promisify(close)(this.#descriptor)
  }
}
