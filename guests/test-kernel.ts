/**
 * A kernel as kernel tests run it: a multiboot image that prints to port E9h (-debugcon) and ends the machine with a status
 * of its choice by writing to port F4h (-device isa-debug-exit,iobase=0xf4,iosize=4).
 */
import { assemble } from './assembler.ts'

const loadAddress = 0x100000
const multibootMagic = 0x1badb002
/** The header says where everything is. */
const withAddresses = 0x0001_0000
const [printPort, exitPort] = [0xe9, 0xf4]

/** @param value - what the kernel ends with: the status of the process is twice that, and one */
export function testKernel(text: string, value: number): Uint8Array {
  return assemble(loadAddress, (asm) => {
    asm.dd(multibootMagic, withAddresses, -(multibootMagic + withAddresses) >>> 0)
    asm.dd(loadAddress, loadAddress, 0, 0, asm.at('start'))
    asm.bits32()
    asm.label('start')
    asm.mov('esi', asm.at('text'))
    asm.mov('edx', printPort)
    asm.label('print')
    asm.lodsb()
    asm.op('cmp', 'al', 0)
    asm.j('z', 'done')
    asm.out('dx', 'al')
    asm.jmp('print')
    asm.label('done')
    asm.mov('edx', exitPort)
    asm.mov('eax', value)
    asm.out('dx', 'eax')
    asm.label('end') // where there is no such device
    asm.hlt()
    asm.jmp('end')
    asm.label('text')
    asm.db(text, 0)
  })
}
