import type { Assembler } from '../../assembler/index.ts'
import { firmwareKeys as keys } from '../firmware/firmware-items.ts'
import { bootRom, enterProtectedMode, fetchData, fetchValue, memoryEntries, section } from './rom-parts.ts'

/**
 * The option ROMs that start kernels. The firmware calls them as it would boot from a network card, when it has set up
 * everything else; they take the kernel from the firmware configuration device, by direct memory access.
 */

/** Where the multiboot information and the map of the memory in front of it go; QEMU has them there, too. */
export const multibootMemoryMap = 0x9000
export const multibootInformation = multibootMemoryMap + 0x500
/** What a kernel that is entered by PVH is told, in order: the start, its RAM disk, the memory; and its command line. */
const pvhStart = 0x9000
const pvhModule = 0x9040
const pvhMemoryMap = 0x9100
const pvhCommandLine = 0xa000

/** Linux: the setup is entered in real mode, with the RAM disk as high as the memory that the firmware has left. */
export function linuxRom(): Uint8Array {
  return bootRom('Linux loader DMA', (asm) => {
    section(asm, { address: keys.setupAddress, bytes: keys.setupBytes, data: keys.setup })
    fetchValue(asm, keys.setupAddress)
    asm.shift('right', 'eax', 4)
    asm.store(setupSegment, 'ax')
    asm.mov('es', 'ax')
    asm.mov('ds', 'ax')
    asm.load('ax', 0x206) // the protocol's version: old ones do not say how high a RAM disk may be
    asm.op('cmp', 'ax', 0x203)
    asm.j('nc', 'limited')
    asm.mov('eax', 0x37ffffff)
    asm.store(0x22c, 'eax')
    asm.label('limited')
    asm.load('esi', 0x22c)
    asm.call('flat')

    fetchValue(asm, keys.initrdBytes)
    asm.mov('ecx', 'eax')
    fetchValue(asm, keys.initrdAddress)
    asm.mov('edi', 'eax')
    // Where it ends at the end of memory, the firmware's tables may lie by now: it goes below them.
    asm.op('add', 'eax', 'ecx')
    asm.op('and', 'eax', 0xfffff000)
    asm.j('z', 'placed')
    asm.op('and', 'esi', 0xfffff000)
    asm.j('z', 'placed')
    asm.op('cmp', 'eax', 'esi')
    asm.j('z', 'placed')
    asm.call('top')
    asm.op('sub', 'eax', 'ecx')
    asm.op('and', 'eax', 0xfffff000)
    asm.mov('edi', 'eax')
    asm.load('ax', setupSegment)
    asm.mov('ds', 'ax')
    asm.store(0x218, 'edi')
    asm.call('flat')
    asm.label('placed')
    fetchData(asm, keys.initrd)
    section(asm, { address: keys.kernelAddress, bytes: keys.kernelBytes, data: keys.kernel })
    section(asm, { address: keys.commandLineAddress, bytes: keys.commandLineBytes, data: keys.commandLine })

    fetchValue(asm, keys.setupAddress)
    asm.mov('ebx', 'eax')
    fetchValue(asm, keys.commandLineAddress)
    asm.op('sub', 'eax', 'ebx')
    asm.op('sub', 'eax', 16)
    asm.shift('right', 'ebx', 4)
    asm.cli()
    for (const segment of ['ds', 'es', 'fs', 'gs', 'ss'] as const) asm.mov(segment, 'bx')
    asm.mov('esp', 'eax')
    asm.op('add', 'bx', 0x20)
    asm.push('bx')
    asm.mov('ax', 0)
    asm.push('ax')
    for (const register of ['eax', 'ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp'] as const) asm.mov(register, 0)
    asm.retf()

    // eax: the end of the memory, as the firmware has left it; keeps ecx and esi.
    asm.label('top')
    asm.mov('ebp', 'ecx')
    for (const register of ['ebx', 'ecx', 'edx'] as const) asm.mov(register, 0)
    asm.mov('ax', 0xe801)
    asm.int(0x15)
    asm.op('cmp', 'dx', 0) // above 16 MiB, in 64 KiB; or else between 1 and 16 MiB, in KiB
    asm.j('z', 'small')
    asm.mov('eax', 'edx')
    asm.op('add', 'eax', 256)
    asm.shift('left', 'eax', 16)
    asm.jmp('known')
    asm.label('small')
    asm.mov('eax', 'ecx')
    asm.op('add', 'eax', 1024)
    asm.shift('left', 'eax', 10)
    asm.label('known')
    asm.mov('ecx', 'ebp')
    asm.ret()
  })
}

const setupSegment = 0x7c14

/** Multiboot: the kernel is entered in flat protected mode, with the information in ebx. */
export function multibootRom(): Uint8Array {
  return bootRom('multiboot loader', (asm) => {
    section(asm, { address: keys.initrdAddress, bytes: keys.initrdBytes, data: keys.initrd })
    asm.int(0x12) // KiB below 640 KiB
    asm.mov('bx', multibootInformation)
    asm.storeTo('bx', 4, 'ax')
    // The map: each entry has its size in front.
    asm.mov('di', multibootMemoryMap)
    memoryEntries(asm, {
      before: () => {
        asm.mov('eax', 20)
        asm.stosd()
      },
      entryBytes: 20,
    })
    asm.mov('ax', 'di')
    asm.op('sub', 'ax', multibootMemoryMap)
    asm.mov('bx', multibootInformation)
    asm.storeTo('bx', 44, 'ax')
    upperMemory(asm)
    asm.mov('bx', multibootInformation)
    asm.storeTo('bx', 8, 'edx')
    section(asm, { address: keys.kernelAddress, bytes: keys.kernelBytes, data: keys.kernel })
    fetchValue(asm, keys.kernelEntry)
    asm.mov('ecx', 'eax')
    asm.mov('ebx', multibootInformation)
    asm.mov('edx', 0x2badb002)
    enterProtectedMode(asm)
  })
}

/** PVH: the kernel is entered in flat protected mode, with the start information in ebx. */
export function pvhRom(): Uint8Array {
  return bootRom('PVH loader', (asm) => {
    asm.mov('di', pvhStart)
    asm.mov('ecx', (pvhCommandLine - pvhStart) / 4)
    asm.mov('eax', 0)
    asm.rep()
    asm.stosd()
    asm.mov('di', pvhMemoryMap)
    memoryEntries(asm, { before: () => undefined, entryBytes: 24 })
    asm.mov('ax', 'di')
    asm.op('sub', 'ax', pvhMemoryMap)
    asm.mov('cx', 24)
    asm.op('xor', 'dx', 'dx')
    asm.div('cx')
    asm.store(pvhStart + 48, 'ax')
    for (const [place, value] of [
      [0, 0x336ec578],
      [4, 1],
      [24, pvhCommandLine],
      [40, pvhMemoryMap],
    ] as const) {
      asm.mov('eax', value)
      asm.store(pvhStart + place, 'eax')
    }
    findRsdp(asm)
    asm.store(pvhStart + 32, 'eax')
    fetchValue(asm, keys.commandLineBytes)
    asm.mov('ecx', 'eax')
    asm.mov('edi', pvhCommandLine)
    fetchData(asm, keys.commandLine)
    fetchValue(asm, keys.initrdBytes)
    asm.op('cmp', 'eax', 0)
    asm.j('z', 'alone')
    asm.store(pvhModule + 8, 'eax')
    fetchValue(asm, keys.initrdAddress)
    asm.store(pvhModule, 'eax')
    asm.mov('eax', pvhModule)
    asm.store(pvhStart + 16, 'eax')
    asm.mov('eax', 1)
    asm.store(pvhStart + 12, 'eax')
    asm.load('edi', pvhModule)
    asm.load('ecx', pvhModule + 8)
    fetchData(asm, keys.initrd)
    asm.label('alone')
    section(asm, { address: keys.kernelAddress, bytes: keys.kernelBytes, data: keys.kernel })
    fetchValue(asm, keys.kernelEntry)
    asm.mov('ecx', 'eax')
    asm.mov('ebx', pvhStart)
    enterProtectedMode(asm)
  })
}

/** edx = KiB of RAM from 1 MiB to the first hole; the map of the multiboot information ends at di. */
function upperMemory(asm: Assembler): void {
  asm.mov('edx', 0x100000)
  asm.label('again')
  asm.mov('si', multibootMemoryMap)
  asm.label('look')
  asm.op('cmp', 'si', 'di')
  asm.j('z', 'found')
  asm.op('add', 'si', 24)
  asm.loadFrom('eax', 'si', -4) // its kind: 1 is RAM
  asm.op('cmp', 'eax', 1)
  asm.j('nz', 'look')
  asm.loadFrom('eax', 'si', -16) // above 4 GiB
  asm.op('cmp', 'eax', 0)
  asm.j('nz', 'look')
  asm.loadFrom('eax', 'si', -20)
  asm.op('cmp', 'edx', 'eax')
  asm.j('c', 'look')
  asm.loadFrom('ebx', 'si', -12)
  asm.op('add', 'eax', 'ebx')
  asm.op('cmp', 'edx', 'eax')
  asm.j('nc', 'look')
  asm.mov('edx', 'eax')
  asm.jmp('again')
  asm.label('found')
  asm.op('sub', 'edx', 0x100000)
  asm.shift('right', 'edx', 10)
}

/** eax = where the firmware has the root of its ACPI tables below 1 MiB; 0 if it has none. */
function findRsdp(asm: Assembler): void {
  asm.mov('bx', 0xe000)
  asm.label('paragraph')
  asm.mov('ds', 'bx')
  asm.load('eax', 0)
  asm.op('cmp', 'eax', 0x20445352)
  asm.j('nz', 'next')
  asm.load('eax', 4)
  asm.op('cmp', 'eax', 0x20525450)
  asm.j('z', 'root')
  asm.label('next')
  asm.inc('bx')
  asm.op('cmp', 'bx', 0)
  asm.j('nz', 'paragraph')
  asm.label('root')
  asm.call('flat')
  asm.mov('eax', 0)
  asm.mov('ax', 'bx')
  asm.shift('left', 'eax', 4)
}
