import { assemble } from '../../guests/assembler.ts'

const loadAddress = 0x100000
const multibootMagic = 0x1badb002
const withAddresses = 0x0001_0000
const mebibyte = 1 << 20
/** Of a PC's timer, in a second. */
const ticks = 1_193_182
const pageBytes = 4096
const [port, command, gate] = [0x42, 0x43, 0x61]

/** The kernel changes pages in groups of so many. */
const group = 16

/**
 * A kernel that does nothing but change memory: a counter in each page of a part of it, again and again, so many bytes in a
 * second, by the PC's timer. It says so at COM1 when it begins anew.
 */
export function dirtyingKernel({ bytesPerSecond, bytes }: { bytesPerSecond: number; bytes: number }): Uint8Array {
  const [start, end] = [16 * mebibyte, 16 * mebibyte + bytes]
  const wait = Math.round((group * pageBytes * ticks) / bytesPerSecond)
  return assemble(loadAddress, (asm) => {
    const out = (to: number, value: number): void => {
      asm.db(0xb0, value) // mov al, value
      asm.db(0xe6, to) // out to, al
    }
    asm.dd(multibootMagic, withAddresses, -(multibootMagic + withAddresses) >>> 0)
    asm.dd(loadAddress, loadAddress, 0, 0, asm.at('start'))
    asm.bits32()
    asm.label('start')
    out(gate, 1)
    out(command, 0xb4) // channel 2 counts 65536 down, again and again
    out(port, 0)
    out(port, 0)
    asm.mov('ebx', 0)
    asm.mov('edx', 0)
    asm.mov('esi', start)
    asm.label('again')
    asm.mov('edi', group)
    asm.label('page')
    asm.op('add', 'ebx', 1)
    asm.db(0x89, 0x1e) // mov [esi], ebx
    asm.op('add', 'esi', pageBytes)
    asm.op('sub', 'edi', 1)
    asm.j('nz', 'page')
    asm.op('cmp', 'esi', end)
    asm.j('nz', 'wait')
    asm.mov('esi', start)
    asm.db(0x89, 0xd5) // mov ebp, edx
    asm.mov('edx', 0x3f8)
    asm.db(0xb0, 0x2e, 0xee) // mov al, '.'; out dx, al
    asm.db(0x89, 0xea) // mov edx, ebp
    asm.label('wait')
    asm.mov('eax', 0)
    out(command, 0x80) // what it counts is kept for reading
    asm.db(0xe4, port) // in al, port
    asm.db(0x88, 0xc1) // mov cl, al
    asm.db(0xe4, port)
    asm.db(0x88, 0xc5) // mov ch, al
    asm.db(0x0f, 0xb7, 0xc9) // movzx ecx, cx
    asm.db(0x89, 0xd0) // mov eax, edx
    asm.db(0x29, 0xc8) // sub eax, ecx
    asm.op('and', 'eax', 0xffff)
    asm.op('cmp', 'eax', wait)
    asm.j('c', 'wait')
    asm.op('sub', 'edx', wait)
    asm.jmp('again')
  })
}
