import { type Assembler, assemble } from '../../guests/assembler.ts'

/** Size of a 3.5" floppy with 1.44 MB. */
const floppyBytes = 1_474_560
const com1 = 0x3f8
const lineStatus = com1 + 5
/** Where the registers of a call lie: EAX, EBX, ECX, EDX, ESI, EDI. */
const registers = 0x600
const names = ['eax', 'ebx', 'ecx', 'edx', 'esi', 'edi'] as const
const callBytes = names.length * 4

/**
 * A floppy whose boot sector does as it is told through COM1, with interrupts off. It sends `.` when it is ready, and
 * then takes: `I` and a port (2 bytes), to read a byte and send it; `O`, a port and a byte, to write it; `K`, to take
 * all that the keyboard controller has and to send status and byte for each, and 0 in the end; `C` and six registers, to
 * read EAX from the port in DX with them and to send them as they are then.
 */
export function portPuppetFloppy(): Uint8Array {
  const image = new Uint8Array(floppyBytes)
  image.set(assemble(0x7c00, program))
  return image
}

/** What tells the puppet to read a byte from a port; it sends the byte. */
export const readPort = (port: number): number[] => [0x49, port & 0xff, port >> 8]
/** What tells the puppet to write a byte to a port. */
export const writePort = (port: number, value: number): number[] => [0x4f, port & 0xff, port >> 8, value]
/** What tells the puppet to take all that the keyboard controller has; it sends status and byte for each, then 0. */
export const drainKeyboard: readonly number[] = [0x4b]
/** What tells the puppet to read a port with these registers; it sends 24 bytes: EAX, EBX, ECX, EDX, ESI, EDI. */
export function callPort({ eax, ebx, ecx, edx }: Readonly<Record<'eax' | 'ebx' | 'ecx' | 'edx', number>>): number[] {
  const values = Uint32Array.of(eax, ebx, ecx, edx, 0x51515151, 0xd1d1d1d1)
  return [0x43, ...new Uint8Array(values.buffer)]
}

function program(asm: Assembler): void {
  asm.cli()
  asm.cld()
  asm.op('xor', 'ax', 'ax')
  for (const segment of ['ds', 'es', 'ss'] as const) asm.mov(segment, 'ax')
  asm.mov('sp', 0x7c00)
  asm.mov('al', '.'.charCodeAt(0))
  asm.label('answer')
  asm.call('send')
  asm.label('next')
  asm.call('receive')
  asm.op('cmp', 'al', 'C'.charCodeAt(0))
  asm.j('z', 'call')
  asm.op('cmp', 'al', 'K'.charCodeAt(0))
  asm.j('z', 'drain')
  asm.mov('bl', 'al')
  asm.call('receive')
  asm.mov('cl', 'al')
  asm.call('receive')
  asm.mov('ch', 'al')
  asm.op('cmp', 'bl', 'O'.charCodeAt(0))
  asm.j('z', 'write')
  asm.mov('dx', 'cx')
  asm.in('al', 'dx')
  asm.jmp('answer')

  asm.label('write')
  asm.call('receive')
  asm.mov('dx', 'cx')
  asm.out('dx', 'al')
  asm.jmp('next')

  asm.label('drain')
  asm.in('al', 0x64)
  asm.test('al', 0x01)
  asm.j('z', 'drained')
  asm.call('send')
  asm.in('al', 0x60)
  asm.call('send')
  asm.jmp('drain')
  asm.label('drained')
  asm.mov('al', 0)
  asm.jmp('answer')

  asm.label('call')
  asm.mov('di', registers)
  asm.label('fetch')
  asm.call('receive')
  asm.db(0xaa) // stosb
  asm.op('cmp', 'di', registers + callBytes)
  asm.j('nz', 'fetch')
  names.forEach((name, index) => {
    asm.load(name, registers + 4 * index)
  })
  asm.in('eax', 'dx')
  names.forEach((name, index) => {
    asm.store(registers + 4 * index, name)
  })
  asm.mov('si', registers)
  asm.label('give')
  asm.lodsb()
  asm.call('send')
  asm.op('cmp', 'si', registers + callBytes)
  asm.j('nz', 'give')
  asm.jmp('next')

  asm.label('receive') // al
  asm.mov('dx', lineStatus)
  asm.label('nothing')
  asm.in('al', 'dx')
  asm.test('al', 0x01)
  asm.j('z', 'nothing')
  asm.mov('dx', com1)
  asm.in('al', 'dx')
  asm.ret()

  asm.label('send') // al
  asm.mov('ah', 'al')
  asm.mov('dx', lineStatus)
  asm.label('full')
  asm.in('al', 'dx')
  asm.test('al', 0x20)
  asm.j('z', 'full')
  asm.mov('dx', com1)
  asm.mov('al', 'ah')
  asm.out('dx', 'al')
  asm.ret()

  asm.org(0x7c00 + 510)
  asm.dw(0xaa55)
}
