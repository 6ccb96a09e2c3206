/** Long lists of port accesses, played inside a guest at once. */
import { assemble } from '../../guests/assembler.ts'
import { callCode, poke, type Question, questionBytes } from '../guests/probe-guest.ts'
import type { Guest } from './guest.ts'
import { askProbe } from './probe.ts'

/** Where the routine lies, its list, and what it has read. */
const places = {
  loader: 0xf000,
  length: 0xf100,
  patience: 0xf104,
  code: 0x10000,
  list: 0x400000,
  answers: 0x800000,
} as const
const kinds = { write: 0, writeCounter: 3, read: 8, wait: 16, words: 17, waitSet: 18 } as const
/** How often it looks for what it waits for: a machine may be busy, and what does not come at all fails the test. */
const patience = 200_000_000
const waitSetPatience = 2_000_000

export type Width = 1 | 2 | 4

export interface PortAccess {
  readonly kind: number
  readonly port: number
  readonly value: number
}

export const write = (port: number, width: Width, value: number): PortAccess => ({
  kind: kinds.write + width,
  port,
  value,
})
export const read = (port: number, width: Width): PortAccess => ({ kind: kinds.read + width, port, value: 0 })
/** Writes the number of the round, a byte. */
export const writeCounter = (port: number): PortAccess => ({ kind: kinds.writeCounter, port, value: 0 })
/** Waits for a bit to be set; what the port has then counts as read. */
export const waitSet = (port: number, bit: number): PortAccess => ({ kind: kinds.waitSet, port, value: bit })
/** Reads so many times two bytes. */
export const readWords = (port: number, count: number): PortAccess => ({ kind: kinds.words, port, value: count })
/** Waits for these bits to be clear; what the port has then counts as read. */
export const waitClear = (port: number, bits: number): PortAccess => ({ kind: kinds.wait, port, value: bits })

/** Writes of bytes into memory, as questions. */
export function pokes(address: number, bytes: Uint8Array): Question[] {
  const whole = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
  return Array.from({ length: whole.length / 4 }, (_, index) =>
    poke(address + 4 * index, 4, whole.readUInt32LE(4 * index)),
  )
}

const routine = assemble(places.code, (asm) => {
  asm.bits32()
  asm.db(0x60) // pusha
  asm.mov('esi', places.list)
  asm.mov('edi', places.answers)
  asm.db(0xad) // lodsd
  asm.mov('ecx', 'eax') // rounds
  asm.op('xor', 'ebp', 'ebp')
  asm.label('round')
  asm.db(0x51) // push ecx
  asm.mov('esi', places.list + 4)
  asm.label('next')
  asm.db(0xad) // lodsd
  asm.op('cmp', 'eax', 0xffffffff)
  asm.j('nz', 'access')
  asm.db(0x59) // pop ecx
  asm.db(0x45) // inc ebp
  asm.db(0x49) // dec ecx
  asm.j('nz', 'round')
  asm.db(0x61) // popa
  asm.ret()
  asm.label('access')
  asm.mov('ebx', 'eax')
  asm.mov('edx', 'eax')
  asm.db(0xc1, 0xea, 16) // shr edx, 16
  asm.db(0xad) // lodsd
  for (const [kind, encoding] of [
    [kinds.write + 1, [0xee]],
    [kinds.write + 2, [0x66, 0xef]],
    [kinds.write + 4, [0xef]],
  ] as const) {
    asm.op('cmp', 'bl', kind)
    asm.j('nz', `not${kind}`)
    asm.db(...encoding)
    asm.jmp('next')
    asm.label(`not${kind}`)
  }
  asm.op('cmp', 'bl', kinds.writeCounter)
  asm.j('nz', 'notCounter')
  asm.mov('eax', 'ebp')
  asm.db(0xee)
  asm.jmp('next')
  asm.label('notCounter')
  asm.op('cmp', 'bl', kinds.words)
  asm.j('nz', 'notWords')
  asm.mov('ecx', 'eax')
  asm.op('xor', 'eax', 'eax')
  asm.label('words')
  asm.db(0x66, 0xed, 0xab) // in ax, dx; stosd
  asm.db(0x49) // dec ecx
  asm.j('nz', 'words')
  asm.jmp('next')
  asm.label('notWords')
  asm.op('cmp', 'bl', kinds.waitSet)
  asm.j('nz', 'notSet')
  asm.mov('bl', 'al')
  asm.op('xor', 'eax', 'eax')
  asm.mov('ecx', waitSetPatience)
  asm.label('unset')
  asm.db(0xec) // in al, dx
  asm.db(0x84, 0xd8) // test al, bl
  asm.j('nz', 'set')
  asm.db(0x49) // dec ecx
  asm.j('nz', 'unset')
  asm.label('set')
  asm.db(0xab)
  asm.jmp('next')
  asm.label('notSet')
  asm.op('cmp', 'bl', kinds.wait)
  asm.j('z', 'wait')
  asm.op('xor', 'eax', 'eax')
  for (const [kind, encoding] of [
    [kinds.read + 1, [0xec]],
    [kinds.read + 2, [0x66, 0xed]],
    [kinds.read + 4, [0xed]],
  ] as const) {
    asm.op('cmp', 'bl', kind)
    asm.j('nz', `not${kind}`)
    asm.db(...encoding)
    asm.label(`not${kind}`)
  }
  asm.db(0xab) // stosd
  asm.jmp('next')
  asm.label('wait')
  asm.mov('bl', 'al')
  asm.mov('ecx', patience)
  asm.op('xor', 'eax', 'eax')
  asm.label('again')
  asm.db(0xec) // in al, dx
  asm.db(0x84, 0xd8) // test al, bl
  asm.j('z', 'came')
  asm.db(0x49) // dec ecx
  asm.j('nz', 'again')
  asm.label('came')
  asm.db(0xab)
  asm.jmp('next')
})

/** Takes so many bytes from COM1 as `length` says, and writes them where the list is. */
const loader = assemble(places.loader, (asm) => {
  asm.bits32()
  asm.db(0x60) // pusha
  asm.mov('edi', places.list)
  asm.load('ecx', places.length)
  asm.label('next')
  asm.mov('dx', 0x3fd)
  asm.label('nothing')
  asm.in('al', 'dx')
  asm.test('al', 0x01)
  asm.j('z', 'nothing')
  asm.mov('dx', 0x3f8)
  asm.in('al', 'dx')
  asm.db(0xaa) // stosb
  asm.db(0x49) // dec ecx
  asm.j('nz', 'next')
  asm.db(0x61) // popa
  asm.ret()
})

/** Guests that have the routines. */
const taught = new WeakSet<Guest>()

/** Plays a list in the guest, again and again. @returns what was read, in order */
export async function playPorts(guest: Guest, list: readonly PortAccess[], rounds = 1): Promise<number[]> {
  const bytes = Buffer.alloc(8 * list.length + 8)
  bytes.writeUInt32LE(rounds, 0)
  for (const [index, { kind, port, value }] of list.entries()) {
    bytes.writeUInt32LE((kind | (port << 16)) >>> 0, 8 * index + 4)
    bytes.writeUInt32LE(value >>> 0, 8 * index + 8)
  }
  bytes.writeUInt32LE(0xffffffff, 8 * list.length + 4)
  if (!taught.has(guest)) await askProbe(guest, [...pokes(places.code, routine), ...pokes(places.loader, loader)])
  taught.add(guest)
  await askProbe(guest, [poke(places.length, 4, bytes.length)])
  guest.sendSerial(Buffer.concat([questionBytes([callCode(places.loader)]), bytes]))
  await guest.receiveBytes(4)
  await askProbe(guest, [callCode(places.code)])
  const count = rounds * list.reduce((sum, access) => sum + readsOf(access), 0)
  if (count === 0) return []
  const answers = await guest.memory(places.answers, 4 * count)
  return Array.from({ length: count }, (_, index) => answers.readUInt32LE(4 * index))
}

/** How many answers an access has. */
export function readsOf({ kind, value }: PortAccess): number {
  return kind === kinds.words ? value : kind >= kinds.read ? 1 : 0
}
