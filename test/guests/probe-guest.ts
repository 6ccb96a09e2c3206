/**
 * A guest that does as it is told through COM1: it takes the place of the BIOS, enters 32-bit protected mode with flat
 * segments, and then reads and writes ports and memory, and calls code. What a test wants to know of a machine from
 * inside, it asks; the same questions can be put to QEMU.
 */
import { type Assembler, assemble } from '../../guests/assembler.ts'

const imageBytes = 64 << 10
const resetVector = 0xfff0
/** Where the program lies in the image, and where it runs. */
const codeOffset = 0x100
const home = 0x8000
const com1 = 0x3f8
const lineStatus = com1 + 5
const stack = 0x7000
/** What a question's first byte says: the width in bytes, and what is asked for. */
const kinds = { read: 0x00, write: 0x10, memory: 0x20, call: 0x40 } as const

export type Width = 1 | 2 | 4

/** A question: 9 bytes. The answer has 4. */
export interface Question {
  readonly kind: number
  readonly address: number
  readonly value: number
}

/** Reads a port. */
export const inPort = (address: number, width: Width): Question => ({ kind: kinds.read | width, address, value: 0 })
/** Writes a port. */
export const outPort = (address: number, width: Width, value: number): Question => ({
  kind: kinds.write | width,
  address,
  value,
})
/** Reads memory at a linear address. */
export const peek = (address: number, width: Width): Question => ({
  kind: kinds.memory | kinds.read | width,
  address,
  value: 0,
})
/** Writes memory at a linear address. */
export const poke = (address: number, width: Width, value: number): Question => ({
  kind: kinds.memory | kinds.write | width,
  address,
  value,
})
/** Calls 32-bit code; the answer is EAX as it returns. */
export const callCode = (address: number): Question => ({ kind: kinds.call, address, value: 0 })

/** Questions as the guest takes them. */
export function questionBytes(questions: readonly Question[]): Uint8Array {
  const bytes = new Uint8Array(questions.length * 9)
  const view = new DataView(bytes.buffer)
  questions.forEach(({ kind, address, value }, index) => {
    view.setUint8(index * 9, kind)
    view.setUint32(index * 9 + 1, address >>> 0, true)
    view.setUint32(index * 9 + 5, value >>> 0, true)
  })
  return bytes
}

/** The answers, as unsigned numbers of 32 bits. */
export function answerNumbers(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length >> 2 }, (_, index) => view.getUint32(index * 4, true))
}

/**
 * The BIOS image. Needs RAM from 7000h to 8200h: it runs there, so that the guest may switch off the memory that the
 * BIOS is in.
 */
export function probeBios(): Uint8Array {
  const image = new Uint8Array(imageBytes)
  const code = program()
  const loader = assemble(0, (asm) => {
    asm.cli()
    asm.cld()
    asm.mov('ax', 0xf000)
    asm.mov('ds', 'ax')
    asm.op('xor', 'ax', 'ax')
    asm.mov('es', 'ax')
    asm.mov('si', codeOffset)
    asm.mov('di', home)
    asm.mov('cx', code.length)
    asm.rep()
    asm.db(0xa4) // movsb
    asm.mov('ds', 'ax')
    asm.jmpFar(0, home)
  })
  image.set(loader)
  image.set(code, codeOffset)
  image.set([0xea, 0x00, 0x00, 0x00, 0xf0], resetVector) // jmp F000:0000
  return image
}

function program(): Uint8Array {
  return assemble(home, (asm) => {
    const at = (name: string): number => asm.at(name)
    asm.lgdt(at('gdtPointer'))
    asm.movFromControl('eax', 0)
    asm.op('or', 'eax', 1)
    asm.movToControl(0, 'eax')
    asm.jmpFar32(0x08, at('flat'))
    asm.bits32()
    asm.label('flat')
    asm.mov('ax', 0x10)
    for (const segment of ['ds', 'es', 'ss'] as const) asm.mov(segment, 'ax')
    asm.mov('esp', stack)
    asm.label('again')
    asm.call('receive')
    asm.db(0x88, 0xc3) // mov bl, al
    asm.call('receive32')
    asm.mov('edi', 'eax')
    asm.call('receive32')
    asm.mov('edx', 'edi')
    branches(asm)
    asm.label('done')
    for (let byte = 0; byte < 4; byte++) {
      asm.call('send')
      asm.db(0xc1, 0xe8, 0x08) // shr eax, 8
    }
    asm.jmp('again')
    receiving(asm)
    asm.label('gdt')
    asm.dd(0, 0)
    asm.dd(0x0000ffff, 0x00cf9b00) // code, flat
    asm.dd(0x0000ffff, 0x00cf9300) // data, flat
    asm.label('gdtPointer')
    asm.dw(0x17)
    asm.dd(at('gdt'))
  })
}

/** Does what BL says with the address EDI (or DX) and the value EAX; the answer is in EAX. */
function branches(asm: Assembler): void {
  const does: readonly (readonly [kind: number, code: readonly number[]])[] = [
    [kinds.read | 1, [0xec]], // in al, dx
    [kinds.read | 2, [0x66, 0xed]],
    [kinds.read | 4, [0xed]],
    [kinds.write | 1, [0xee]], // out dx, al
    [kinds.write | 2, [0x66, 0xef]],
    [kinds.write | 4, [0xef]],
    [kinds.memory | kinds.read | 1, [0x8a, 0x07]], // mov al, [edi]
    [kinds.memory | kinds.read | 2, [0x66, 0x8b, 0x07]],
    [kinds.memory | kinds.read | 4, [0x8b, 0x07]],
    [kinds.memory | kinds.write | 1, [0x88, 0x07]], // mov [edi], al
    [kinds.memory | kinds.write | 2, [0x66, 0x89, 0x07]],
    [kinds.memory | kinds.write | 4, [0x89, 0x07]],
    [kinds.call, [0xff, 0xd7]], // call edi
  ]
  does.forEach(([kind, code], index) => {
    asm.op('cmp', 'bl', kind)
    asm.j('nz', `not${index}`)
    asm.db(...code)
    asm.jmp('done')
    asm.label(`not${index}`)
  })
  asm.jmp('done')
}

function receiving(asm: Assembler): void {
  asm.label('receive32')
  for (let byte = 0; byte < 4; byte++) {
    asm.db(0xc1, 0xe9, 0x08) // shr ecx, 8
    asm.call('receive')
    asm.db(0xc1, 0xe0, 0x18, 0x09, 0xc1) // shl eax, 24; or ecx, eax
  }
  asm.mov('eax', 'ecx')
  asm.ret()
  asm.label('receive')
  asm.mov('dx', lineStatus)
  asm.label('nothing')
  asm.in('al', 'dx')
  asm.test('al', 1)
  asm.j('z', 'nothing')
  asm.mov('dx', com1)
  asm.in('al', 'dx')
  asm.ret()
  asm.label('send')
  asm.mov('ecx', 'eax')
  asm.mov('dx', lineStatus)
  asm.label('full')
  asm.in('al', 'dx')
  asm.test('al', 0x20)
  asm.j('z', 'full')
  asm.mov('dx', com1)
  asm.mov('eax', 'ecx')
  asm.out('dx', 'al')
  asm.ret()
}
