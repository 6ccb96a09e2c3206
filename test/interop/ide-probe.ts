/** An IDE channel driven port by port, on QEMU or on vmon. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { assemble } from '../../guests/assembler.ts'
import { callCode, inPort, outPort, peek, poke, probeBios, type Question } from '../guests/probe-guest.ts'
import { Guest, qemu, vmon } from './guest.ts'
import { pokes } from './port-player.ts'
import { askProbe } from './probe.ts'

const status = { error: 0x01, dataRequest: 0x08, busy: 0x80 } as const
const busMasterPort = 0xc000
const hex = (value: number): string => value.toString(16).padStart(2, '0')

/** Where a transfer of the bus master has its table. */
export const table = 0x20000

/** Registers by their numbers from 1: feature, count, sector, cylinder low and high, device. */
export type Registers = readonly (readonly [register: number, value: number])[]

export class IdeProbe {
  readonly guest: Guest
  readonly command: number
  readonly control: number
  readonly busMaster: number

  constructor(guest: Guest, channel: 0 | 1) {
    this.guest = guest
    this.command = [0x1f0, 0x170][channel]!
    this.control = [0x3f6, 0x376][channel]!
    this.busMaster = busMasterPort + 8 * channel
  }

  ask(...questions: readonly Question[]): Promise<number[]> {
    return askProbe(this.guest, questions)
  }

  /** Firmware's part: the bus master's ports answer, and it may reach memory. */
  async enable(): Promise<void> {
    await this.ask(
      ...[outPort(0xcf8, 4, 0x80000920), outPort(0xcfc, 4, busMasterPort | 1)],
      ...[outPort(0xcf8, 4, 0x80000904), outPort(0xcfc, 2, 5)],
    )
  }

  async reset(): Promise<void> {
    await this.ask(outPort(this.busMaster, 1, 0), outPort(this.control, 1, 4), outPort(this.control, 1, 0))
    await this.settled()
    await this.ask(outPort(this.busMaster + 2, 1, 6))
  }

  async write(registers: Registers): Promise<void> {
    await this.ask(...registers.map(([register, value]) => outPort(this.command + register, 1, value)))
  }

  /** Waits until the drive is not busy. @returns its status */
  async settled(): Promise<number> {
    for (;;) {
      const [value] = await this.ask(inPort(this.control, 1))
      if ((value! & status.busy) === 0) return value!
    }
  }

  /** All registers, and the bus master's status: its interrupt bit tells of one since it was last cleared. */
  async registers(): Promise<string> {
    const registers = [1, 2, 3, 4, 5, 6].map((register) => inPort(this.command + register, 1))
    const values = await this.ask(inPort(this.busMaster + 2, 1), ...registers, inPort(this.control, 1))
    await this.ask(inPort(this.command + 7, 1), outPort(this.busMaster + 2, 1, 6))
    return values.map(hex).join(' ')
  }

  /**
   * Plays packets one after the other; data come through the port in pieces of so many bytes. A piece of an odd length
   * never ends: behind it, the channel is reset.
   *
   * @returns for each, eight registers when it was ready, and behind each piece of data that piece and them again
   */
  async play(packets: readonly (readonly number[])[], limit = 0xfffe): Promise<string[]> {
    const list = Buffer.concat(packets.map((packet) => padded(Buffer.from(packet))))
    const code = packetPlayer(this, packets.length, limit)
    await this.ask(...pokes(player.code, code), ...pokes(player.packets, list), callCode(player.code))
    const ends = await this.guest.memory(player.ends, 4 * packets.length)
    const bounds = packets.map((_, index) => ends.readUInt32LE(4 * index) - player.answers)
    const answers = await this.guest.memory(player.answers, Math.max(1, bounds.at(-1) ?? 0))
    return bounds.map((end, index) => answers.subarray(bounds[index - 1] ?? 0, end).toString('hex'))
  }

  /** Writes a table of memory regions. */
  async regions(rows: readonly (readonly [address: number, length: number, last?: boolean])[]): Promise<void> {
    await this.ask(
      ...rows.flatMap(([address, length, last = false], index) => [
        poke(table + 8 * index, 4, address),
        poke(table + 8 * index + 4, 4, length | (last ? 0x80000000 : 0)),
      ]),
    )
  }

  async memory(address: number, bytes: number): Promise<string> {
    const words = await this.ask(...Array.from({ length: bytes >> 2 }, (_, index) => peek(address + 4 * index, 4)))
    return Buffer.from(Uint32Array.from(words).buffer).toString('hex')
  }
}

const padded = (packet: Buffer): Buffer => Buffer.concat([packet, Buffer.alloc(12 - packet.length)])

/** Where the routine lies that plays packets, and what it works with. */
const player = { code: 0x10000, packets: 0x40000, ends: 0x48000, answers: 0x100000 } as const

/** What `play()` says it does, as a guest's routine. */
function packetPlayer({ command, control, busMaster }: IdeProbe, count: number, limit: number): Uint8Array {
  return assemble(player.code, (asm) => {
    const output = (port: number, value: number) => {
      asm.mov('dx', port)
      asm.mov('al', value)
      asm.out('dx', 'al')
    }
    const stosb = () => asm.db(0xaa)
    /** Waits until the drive is not busy; AL is its status. */
    const wait = (label: string) => {
      asm.mov('dx', control)
      asm.label(label)
      asm.in('al', 'dx')
      asm.test('al', status.busy)
      asm.j('nz', label)
    }
    asm.bits32()
    asm.db(0x60) // pusha
    asm.mov('edi', player.answers)
    asm.mov('esi', player.packets)
    asm.mov('ebp', player.ends)
    asm.mov('ebx', count)
    asm.label('next')
    for (const [register, value] of [
      [6, 0],
      [1, 0],
      [4, limit & 0xff],
      [5, limit >> 8],
      [7, 0xa0],
    ] as const) {
      output(command + register, value)
    }
    wait('accepted')
    asm.mov('dx', command)
    asm.mov('ecx', 6)
    asm.db(0xf3, 0x66, 0x6f) // rep outsw
    asm.label('piece')
    wait('done')
    asm.call('registers')
    asm.test('al', status.dataRequest)
    asm.j('z', 'over')
    asm.op('xor', 'ecx', 'ecx')
    asm.mov('dx', command + 5)
    asm.in('al', 'dx')
    asm.mov('ch', 'al')
    asm.mov('dx', command + 4)
    asm.in('al', 'dx')
    asm.mov('cl', 'al')
    asm.mov('eax', 'ecx')
    asm.db(0xd1, 0xe9) // shr ecx, 1
    asm.mov('dx', command)
    asm.db(0xf3, 0x66, 0x6d) // rep insw
    asm.op('cmp', 'eax', 0)
    asm.j('z', 'endless')
    asm.test('al', 1)
    asm.j('z', 'piece')
    asm.label('endless')
    asm.mov('dx', command)
    asm.in('ax', 'dx')
    asm.stosw()
    asm.call('registers')
    output(control, 4)
    output(control, 0)
    wait('reset')
    asm.label('over')
    asm.db(0x89, 0x7d, 0x00) // mov [ebp], edi
    asm.op('add', 'ebp', 4)
    asm.dec('bx')
    asm.j('z', 'end')
    asm.jmp('next')
    asm.label('end')
    asm.db(0x61) // popa
    asm.ret()
    asm.label('registers')
    for (const port of [busMaster + 2, ...[1, 2, 3, 4, 5, 6].map((register) => command + register), control]) {
      asm.mov('dx', port)
      asm.in('al', 'dx')
      stosb()
    }
    asm.mov('cl', 'al')
    asm.mov('dx', command + 7)
    asm.in('al', 'dx')
    output(busMaster + 2, 6)
    asm.mov('al', 'cl')
    asm.ret()
  })
}

/** Does the same with a probe on QEMU and one on vmon. @returns what each has noted: QEMU's, then ours */
export async function onBothProbes<T>(
  t: TestContext,
  play: (guest: Guest, folder: string) => Promise<T>,
  options: (folder: string) => readonly string[],
): Promise<[T, T]> {
  const on = async (machine: readonly string[]): Promise<T> => {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-ide-'))
    try {
      const bios = join(folder, 'probe.bin')
      await writeFile(bios, probeBios())
      await using guest = await Guest.start(machine, ['-bios', bios, ...options(folder)], t.signal)
      await guest.execute('cont')
      return await play(guest, folder)
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  return Promise.all([on(qemu), on(vmon)])
}
