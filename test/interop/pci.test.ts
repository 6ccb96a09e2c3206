import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { assemble } from '../../guests/assembler.ts'
import { BootFloppy } from '../guests/boot-floppy.ts'
import { callCode, inPort, outPort, peek, poke, probeBios, type Question, type Width } from '../guests/probe-guest.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Guest, qemu, vmon } from './guest.ts'
import { askProbe } from './probe.ts'

/** The functions of the PC: slot and function. */
const functions = [
  [0, 0],
  [1, 0],
  [1, 1],
  [1, 3],
  [2, 0],
  [3, 0],
] as const
const pam0 = { slot: 0, offset: 0x58 }

interface Region {
  readonly bar: number
}
interface Info {
  readonly devices: { readonly slot: number; readonly regions: Region[] }[]
}

const queryPci = async (guest: Guest): Promise<readonly Info[]> => (await guest.execute('query-pci')) as readonly Info[]

const configAddress = (slot: number, fn: number, offset: number): number =>
  (0x80000000 | (slot << 11) | (fn << 8) | offset) >>> 0

const writeConfig = (slot: number, fn: number, offset: number, width: Width, value: number): Question[] => [
  outPort(0xcf8, 4, configAddress(slot, fn, offset & ~3)),
  outPort(0xcfc + (offset & 3), width, value),
]

/** Where the guest's own routines lie, and where they put what they find. */
const routine = 0x9000
const found = 0xa000

/** A routine that reads every configuration space, one after the other, to where they can be saved from. */
const dumpCode = assemble(routine, (asm) => {
  asm.bits32()
  asm.mov('edi', found)
  for (const [slot, fn] of functions) {
    asm.mov('ebx', configAddress(slot, fn, 0))
    asm.label(`next${slot}.${fn}`)
    asm.mov('eax', 'ebx')
    asm.mov('dx', 0xcf8)
    asm.out('dx', 'eax')
    asm.mov('dx', 0xcfc)
    asm.in('eax', 'dx')
    asm.db(0xab) // stosd
    asm.op('add', 'ebx', 4)
    asm.op('cmp', 'bl', 0)
    asm.j('nz', `next${slot}.${fn}`)
  }
  asm.ret()
})

/** A routine that writes a value all over every configuration space. */
const fillCode = (width: Width, value: number): Uint8Array =>
  assemble(routine, (asm) => {
    const register = width === 1 ? 'al' : width === 2 ? 'ax' : 'eax'
    asm.bits32()
    for (const [slot, fn] of functions) {
      asm.mov('ebx', configAddress(slot, fn, 0))
      asm.label(`next${slot}.${fn}`)
      asm.mov('eax', 'ebx')
      asm.op('and', 'al', 0xfc)
      asm.mov('dx', 0xcf8)
      asm.out('dx', 'eax')
      asm.mov('dx', 'bx')
      asm.op('and', 'dx', 3)
      asm.op('add', 'dx', 0xcfc)
      asm.mov('eax', value)
      asm.out('dx', register)
      asm.op('add', 'bl', width)
      asm.j('nz', `next${slot}.${fn}`)
    }
    asm.ret()
  })

async function runRoutine(guest: Guest, code: Uint8Array): Promise<void> {
  const bytes = [...code].map((byte, index) => poke(routine + index, 1, byte))
  await askProbe(guest, [...bytes, callCode(routine)])
}

/** All configuration spaces as text, but for what is known to differ. */
async function dump(guest: Guest): Promise<string[]> {
  await runRoutine(guest, dumpCode)
  const bytes = await guest.memory(found, functions.length * 256)
  return functions.map(([slot, fn], index) => {
    const space = bytes.subarray(index * 256, (index + 1) * 256)
    if (pam0.slot === slot && fn === 0) space.fill(0, pam0.offset, pam0.offset + 4)
    return `${slot}.${fn} ${space.toString('hex')}`
  })
}

/** Asks QEMU and vmon the same. */
async function both<T>(options: readonly string[], signal: AbortSignal, ask: (guest: Guest) => Promise<T>) {
  const one = async (command: readonly string[]): Promise<T> => {
    await using guest = await Guest.start(command, options, signal)
    return await ask(guest)
  }
  const [theirs, ours] = await Promise.all([one(qemu), one(vmon)])
  return { theirs, ours }
}

describe('the PCI bus', { skip: missingProgram(qemu[0]!) }, () => {
  const withProbe = async (
    t: { readonly signal: AbortSignal; after(end: () => Promise<void>): void },
    ask: (guest: Guest) => Promise<unknown>,
    options: readonly string[] = [],
  ): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-pci-'))
    t.after(() => rm(folder, { recursive: true }))
    const bios = join(folder, 'probe.bin')
    await writeFile(bios, probeBios())
    const { theirs, ours } = await both(['-bios', bios, ...options], t.signal, async (guest) => {
      await guest.execute('cont')
      return ask(guest)
    })
    assert.deepEqual(ours, theirs)
  }

  test('is told as by QEMU, before the firmware has run and when it has given out addresses', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-pci-'))
    t.after(() => rm(folder, { recursive: true }))
    const floppy = join(folder, 'floppy.img')
    await writeFile(floppy, new BootFloppy().sendSerial('.').image())
    const options = ['-drive', `if=floppy,format=raw,readonly=on,file=${floppy}`, '-boot', 'a']
    const { theirs, ours } = await both(options, t.signal, async (guest) => {
      const before = await queryPci(guest)
      await guest.execute('cont')
      await guest.receive(Buffer.from('.'))
      await guest.execute('stop')
      const after = await queryPci(guest)
      await guest.execute('system_reset')
      return { before, after, again: await queryPci(guest) }
    })
    assert.deepEqual(ours, theirs)
    assert.deepEqual(ours.again, ours.before)
    const vga = ours.after[0]!.devices.at(-1)!
    const regions = [
      { prefetch: true, mem_type_64: false, bar: 0, size: 16 << 20, address: 0xfd000000, type: 'memory' },
      { prefetch: false, mem_type_64: false, bar: 2, size: 4096, address: 0xfebf0000, type: 'memory' },
      { prefetch: false, mem_type_64: false, bar: 6, size: 65536, address: -1, type: 'memory' },
    ]
    assert.deepEqual(vga.regions, regions)
  })

  test('has the same bytes in its configuration spaces, and keeps the same of what is written, at any width and through a reset', async (t) => {
    await withProbe(t, async (guest) => {
      const states = [await dump(guest)]
      for (const [width, value] of [
        [4, 0xffffffff],
        [1, 0x00],
        [2, 0x5aa5],
        [4, 0],
        [1, 0xff],
      ] as const) {
        await runRoutine(guest, fillCode(width, value))
        states.push(await dump(guest))
      }
      // PAM as firmware leaves it: QEMU keeps it through a reset, and the BIOS would be gone.
      await askProbe(guest, [...writeConfig(0, 0, pam0.offset, 4, 0), ...writeConfig(0, 0, pam0.offset + 4, 4, 0)])
      await guest.execute('system_reset')
      states.push(await dump(guest))
      return states
    })
  })

  test('answers at its ports in the same way, where there is a function and where there is none', async (t) => {
    const address = 0xcf8
    const data = 0xcfc
    const questions = [
      ...[
        outPort(address, 4, 0x8000000c),
        ...[0, 1, 2, 3].flatMap((at) => [inPort(data + at, 1), inPort(address + at, 1)]),
      ],
      ...[inPort(data, 2), inPort(data + 1, 2), inPort(data + 2, 2), inPort(data + 1, 4), inPort(address + 2, 2)],
      ...[outPort(address, 1, 0x44), outPort(address, 2, 0x4444), outPort(address + 2, 1, 1), inPort(address, 4)],
      ...[outPort(address, 4, 0x80000007), inPort(address, 4), inPort(data, 4), inPort(data + 2, 2)],
      ...[outPort(address, 4, 0x00000000), inPort(data, 4), outPort(data, 4, 0), inPort(data, 1)],
      ...[0x80000300, 0x8000f800, 0x80010000, 0x80ffff00, 0xffffffff].flatMap((absent) => [
        outPort(address, 4, absent),
        ...([1, 2, 4] as const).flatMap((width) => [
          inPort(data, width),
          outPort(data, width, 0x55),
          inPort(data, width),
        ]),
      ]),
      ...[outPort(0xcf9, 1, 0x02), inPort(0xcf9, 1), outPort(0xcf9, 1, 0x80), inPort(0xcf9, 1)],
    ]
    await withProbe(t, (guest) => askProbe(guest, questions))
  })

  const registers = 0xfd800000
  const identity = Array.from({ length: 0x180 / 4 }, (_, index) => peek(registers + index * 4, 4))
  const identityOf = (slot: number): Question[] => [
    ...[...writeConfig(slot, 0, 0x18, 4, registers), ...writeConfig(slot, 0, 0x04, 2, 2)],
    ...identity,
  ]

  test('has a VGA card and a serial port as -device says in JSON: place, names, monitor', async (t) => {
    const screen = { driver: 'VGA', id: 'video0', vgamem_mb: 16, bus: 'pci.0', addr: '0x5', xres: 1024, yres: 768 }
    const port = { driver: 'isa-serial', chardev: 'charserial1', id: 'serial1', index: 1 }
    const options = ['-vga', 'none', '-chardev', 'file,id=charserial1,path=com2']
    const devices = [screen, port].flatMap((device) => ['-device', JSON.stringify(device)])
    const com2 = 0x2f8
    const ask = async (guest: Guest): Promise<unknown> => {
      const answers = await askProbe(guest, [
        ...identityOf(5),
        ...[0x4f, 0x4b].flatMap((byte) => [outPort(com2, 1, byte), inPort(com2 + 5, 1)]),
        inPort(com2 + 0xf0, 1), // where COM4 would be
      ])
      while (!(await guest.file('com2')).equals(Buffer.from('OK'))) t.signal.throwIfAborted()
      const pci = await queryPci(guest)
      assert.match(JSON.stringify(pci), /"qdev_id":"video0"/)
      await guest.execute('screendump', { filename: '/dev/null', device: 'video0' })
      return { answers, pci }
    }
    await withProbe(t, ask, [...options, ...devices])
  })

  for (const properties of ['edid=off', 'xres=1920,yres=1080', 'xres=4095,yres=100', 'vgamem_mb=9,yres=600'])
    test(`has a VGA card as -device VGA,${properties} says`, async (t) => {
      const ask = async (guest: Guest): Promise<unknown> => [
        await askProbe(guest, identityOf(2)),
        await queryPci(guest),
      ]
      await withProbe(t, ask, ['-vga', 'none', '-device', `VGA,${properties}`])
    })

  test('has its regions where the guest puts them, and nowhere where they cannot be', async (t) => {
    const ideBar4 = (value: number) => writeConfig(1, 1, 0x20, 4, value)
    const ideCommand = (value: number) => writeConfig(1, 1, 0x04, 2, value)
    const vgaBar0 = (value: number) => writeConfig(2, 0, 0x10, 4, value)
    const vgaBar2 = (value: number) => writeConfig(2, 0, 0x18, 4, value)
    const vgaRom = (value: number) => writeConfig(2, 0, 0x30, 4, value)
    const vgaCommand = (value: number) => writeConfig(2, 0, 0x04, 2, value)
    const table = (base: number, value: number) => [outPort(base + 4, 4, value), inPort(base + 4, 4)]
    const pixel = (base: number, value: number) => [poke(base + 0x1234, 4, value), peek(base + 0x1234, 4)]
    const steps: readonly (readonly Question[])[] = [
      [...ideBar4(0xc000), ...ideCommand(1), ...table(0xc000, 0x12345678)],
      [...ideBar4(0xd470), ...table(0xd470, 0x12345678), inPort(0xc004, 1)],
      [...ideCommand(0), inPort(0xd474, 1), ...ideCommand(1), inPort(0xd474, 4)],
      ...[0, 0xfff0, 0xffff, 0x10000, 0x1f0, 0xfffffff0, 0xfffffe00, 0x1230].map((base) => [...ideBar4(base)]),
      [...table(0x1230, 0x44332210)],
      [...vgaBar0(0xfd000000), ...vgaCommand(2), ...pixel(0xfd000000, 0x11223344)],
      [...vgaBar0(0xe1000000), peek(0xe1001234, 4), peek(0xe1001235, 1), peek(0xe1001236, 2)],
      [poke(0xe1001235, 1, 0xaa), poke(0xe1001236, 2, 0x5566), ...vgaBar0(0xb0000000), peek(0xb0001234, 4)],
      [...vgaRom(0xfe000001), peek(0xfe000000, 4), peek(0xfe000002, 1), poke(0xfe000000, 4, 0), peek(0xfe000000, 4)],
      [...vgaRom(0xfe010001), peek(0xfe010000, 4), ...vgaRom(0xfe010000)],
      ...[0, 0x1000000, 0x800000, 0xff000000, 0xffffffff, 0xfec00000].map((base) => [...vgaBar0(base)]),
      ...[0x00000001, 0xffff0001, 0xffffffff, 0xfffe0001, 0x00010001].map((base) => [...vgaRom(base)]),
      [...vgaBar2(0xfd800000), ...Array.from({ length: 0x180 / 4 }, (_, index) => peek(0xfd800000 + index * 4, 4))],
      [poke(0xfd800404, 2, 0x0502), peek(0xfd800404, 2), inPort(0x3c5, 1), peek(0xfd800420, 1)],
      [...[0, 2, 4, 20].map((offset) => peek(0xfd800500 + offset, 2)), ...[0, 4].map((at) => peek(0xfd800600 + at, 4))],
      [poke(0xfd800502, 2, 640), poke(0xfd800504, 2, 480), poke(0xfd800506, 2, 32), poke(0xfd800508, 2, 0x41)],
      [2, 4, 6, 8, 12].map((offset) => peek(0xfd800500 + offset, 2)),
      [poke(0xfd800508, 2, 0), peek(0xfd800508, 2), ...vgaBar2(0)],
      [...vgaCommand(0)],
      [...vgaCommand(0xffff), ...vgaBar0(0xc0000000), ...vgaRom(0), peek(0xc0001234, 4)],
    ]
    await withProbe(t, async (guest) => {
      const seen: unknown[] = []
      for (const questions of steps) {
        const answers = await askProbe(guest, questions)
        seen.push([answers.map((answer) => answer.toString(16)), await queryPci(guest)])
      }
      return seen
    })
  })
})
