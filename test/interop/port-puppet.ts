import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { callPort, drainKeyboard, portPuppetFloppy, readPort, writePort } from '../guests/port-puppet.ts'
import { Guest, qemu, vmon } from './guest.ts'

/** A guest that reads and writes ports as a test tells it, on QEMU or on vmon. */
export class PortPuppet {
  readonly guest: Guest

  constructor(guest: Guest) {
    this.guest = guest
  }

  async read(port: number): Promise<number> {
    this.guest.sendSerial(Uint8Array.from(readPort(port)))
    return (await this.guest.receiveBytes(1))[0]!
  }

  /**
   * Writes bytes to ports, and then takes all that the keyboard controller has.
   *
   * @returns its bytes in hexadecimal, those of the mouse in brackets
   */
  async drain(writes: readonly (readonly [port: number, value: number])[] = []): Promise<string> {
    this.guest.sendSerial(
      Uint8Array.from([...writes.flatMap(([port, value]) => writePort(port, value)), ...drainKeyboard]),
    )
    const bytes: string[] = []
    for (;;) {
      const status = (await this.guest.receiveBytes(1))[0]!
      if (status === 0) return bytes.join(' ')
      const byte = (await this.guest.receiveBytes(1)).toString('hex')
      bytes.push(status & 0x20 ? `(${byte})` : byte)
    }
  }

  /** Reads a port with these registers. @returns EAX, EBX, ECX, EDX, ESI, EDI behind it, in hexadecimal */
  async call(values: Parameters<typeof callPort>[0]): Promise<string> {
    this.guest.sendSerial(Uint8Array.from(callPort(values)))
    const bytes = await this.guest.receiveBytes(24)
    return Array.from({ length: 6 }, (_, index) => bytes.readUInt32LE(4 * index).toString(16)).join(' ')
  }
}

/**
 * Does the same with a puppet on QEMU and one on vmon.
 *
 * @returns what each has noted: QEMU's, then ours
 */
export async function onBothPuppets<T>(
  t: TestContext,
  play: (puppet: PortPuppet) => Promise<T>,
  options: readonly string[] = [],
): Promise<[T, T]> {
  return onBoth(t, portPuppetFloppy(), (guest) => play(new PortPuppet(guest)), options)
}

/** Boots a floppy on both, waits for the `.` by which its program says that it is there, and does the same with both. */
export async function onBoth<T>(
  t: TestContext,
  image: Uint8Array,
  play: (guest: Guest) => Promise<T>,
  options: readonly string[] = [],
): Promise<[T, T]> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-puppet-'))
  t.after(() => rm(folder, { recursive: true }))
  const floppy = join(folder, 'guest.img')
  await writeFile(floppy, image)
  const boot = ['-drive', `if=floppy,format=raw,readonly=on,file=${floppy}`, '-boot', 'a', ...options]
  const on = async (command: readonly string[]): Promise<T> => {
    await using guest = await Guest.start(command, boot, t.signal)
    await guest.execute('cont')
    await guest.receive(Buffer.from('.'))
    return await play(guest)
  }
  return Promise.all([on(qemu), on(vmon)])
}
