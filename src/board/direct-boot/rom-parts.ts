/** What the option ROMs that start kernels have in common. */
import { type Assembler, assemble } from '../../assembler/index.ts'

/** Physical addresses where a boot sector would be: what is asked of the device, a value from it, code that is copied. */
const request = 0x7c00
const value = 0x7c10
const copied = 0x7d00

const dmaPort = 0x518
const select = 8
const read = 2
/** What `int 15h, e820h` wants to hear. */
const smap = 0x534d4150
const flatCode = 0x08
const flatData = 0x10

/** A ROM of the Plug and Play BIOS specification that can be booted from: `boot` runs with ds and es 0. */
export function bootRom(product: string, boot: (asm: Assembler) => void): Uint8Array {
  const image = new Uint8Array(romBytes)
  image.set(
    assemble(0, (asm) => {
      asm.dw(0xaa55)
      asm.db(romBytes / 512)
      asm.retf() // there is nothing to initialise
      asm.org(0x18)
      asm.dw(0, asm.at('header'))
      asm.label('header')
      asm.db('$PnP', 1, 2)
      asm.dw(0, 0, 0, 0)
      asm.dw(asm.at('manufacturer'), asm.at('product'))
      asm.dd(0)
      asm.dw(0, 0, asm.at('boot'), 0, 0)
      asm.label('manufacturer')
      asm.db('QEMU', 0)
      asm.label('product')
      asm.db(product, 0)
      asm.label('boot')
      asm.cld()
      asm.call('flat')
      boot(asm)
      subroutines(asm)
    }),
  )
  image[romBytes - 1] = -image.reduce((sum, byte) => sum + byte, 0) & 0xff
  return image
}

const romBytes = 1536

function subroutines(asm: Assembler): void {
  asm.label('flat')
  asm.mov('ax', 0)
  asm.mov('ds', 'ax')
  asm.mov('es', 'ax')
  asm.ret()

  asm.label('value') // eax: the value, of what eax asks for
  asm.push('ecx')
  asm.push('edi')
  asm.mov('ecx', 4)
  asm.mov('edi', value)
  asm.call('data')
  asm.pop('edi')
  asm.pop('ecx')
  asm.load('eax', value)
  asm.ret()

  asm.label('data') // ecx bytes to edi, of what eax asks for
  asm.store(request, 'eax')
  asm.mov('eax', 'ecx')
  asm.bswap('eax')
  asm.store(request + 4, 'eax')
  asm.mov('eax', 0)
  asm.store(request + 8, 'eax')
  asm.mov('eax', 'edi')
  asm.bswap('eax')
  asm.store(request + 12, 'eax')
  asm.mov('eax', bigEndian(request))
  asm.mov('dx', dmaPort)
  asm.out('dx', 'eax')
  asm.ret()
}

/** eax = a value of the configuration. */
export function fetchValue(asm: Assembler, key: number): void {
  asm.mov('eax', bigEndian(key * 0x10000 + (select | read)))
  asm.call('value')
}

/** ecx bytes of the configuration to the physical address edi. */
export function fetchData(asm: Assembler, key: number): void {
  asm.mov('eax', bigEndian(key * 0x10000 + (select | read)))
  asm.call('data')
}

/** A part of the kernel to where the configuration says. */
export function section(asm: Assembler, part: { address: number; bytes: number; data: number }): void {
  fetchValue(asm, part.bytes)
  asm.mov('ecx', 'eax')
  fetchValue(asm, part.address)
  asm.mov('edi', 'eax')
  fetchData(asm, part.data)
}

/** The firmware's map of the memory to es:di, which then points behind it. */
export function memoryEntries(
  asm: Assembler,
  { before, entryBytes }: { before: () => void; entryBytes: number },
): void {
  asm.mov('ebx', 0)
  asm.label('entry')
  asm.mov('si', 'di')
  before()
  asm.mov('ecx', 20)
  asm.mov('edx', smap)
  asm.mov('eax', 0xe820)
  asm.int(0x15)
  asm.j('c', 'last')
  asm.op('add', 'di', entryBytes)
  asm.mov('si', 'di')
  asm.op('cmp', 'ebx', 0)
  asm.j('nz', 'entry')
  asm.label('last')
  asm.mov('di', 'si')
}

/** Jumps to ecx in flat protected mode, with edx in eax; ebx stays. The code for that is copied to a fixed address. */
export function enterProtectedMode(asm: Assembler): void {
  const at = (label: string): number => copied + asm.at(label) - asm.at('copied')
  asm.cli()
  asm.mov('ebp', 'ecx')
  asm.pushSegment('cs')
  asm.popSegment('ds')
  asm.mov('si', asm.at('copied'))
  asm.mov('di', copied)
  asm.mov('cx', asm.at('end') - asm.at('copied'))
  asm.rep()
  asm.movsb()
  asm.call('flat')
  asm.mov('ecx', 'ebp')
  asm.lgdt(at('table'))
  asm.movFromControl('eax', 0)
  asm.op('or', 'eax', 1)
  asm.movToControl(0, 'eax')
  asm.jmpFar32(flatCode, at('protected'))

  asm.label('copied')
  asm.label('descriptors')
  asm.dd(0, 0, 0x0000ffff, 0x00cf9a00, 0x0000ffff, 0x00cf9200)
  asm.label('table')
  asm.dw(3 * 8 - 1)
  asm.dd(at('descriptors'))
  asm.label('protected')
  asm.bits32()
  asm.mov('eax', flatData)
  for (const segment of ['ds', 'es', 'fs', 'gs', 'ss'] as const) asm.mov(segment, 'ax')
  asm.mov('eax', 'edx')
  asm.jmpTo('ecx')
  asm.bits16()
  asm.label('end')
}

/** A number whose bytes lie in memory with the highest first. */
function bigEndian(number: number): number {
  return Buffer.from(Uint32Array.of(number).buffer).readUInt32BE()
}
