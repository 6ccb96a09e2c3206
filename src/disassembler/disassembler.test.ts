import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CodeBits, loadDisassembler, longestInstruction } from './index.ts'

/** What QEMU 7.2 shows of code of 16 bits: SeaBIOS. */
const narrow = [
  ['ea 5b e0 00 f0', 0xfffffff0, 'ljmpw    $0xf000:$0xe05b'],
  ['31 d2', 0x000fe066, 'xorw     %dx, %dx'],
  ['e9 92 0b', 0x000fe076, 'jmp      0xec0b'],
  ['66 c1 e8 04', 0x000fe08d, 'shrl     $4, %eax'],
  ['3c 21', 0x000fe09e, 'cmpb     $0x21, %al'],
  ['67 66 8d 42 14', 0x000fe0b4, 'leal     0x14(%edx), %eax'],
  ['66 09 f1', 0x000fe0dd, 'orl      %esi, %ecx'],
  ['f6 c1 fb', 0x000fe163, 'testb    $0xfb, %cl'],
  ['66 19 c9', 0x000fe1a9, 'sbbl     %ecx, %ecx'],
  ['66 f7 d9', 0x000fe20e, 'negl     %ecx'],
  ['67 66 0f b7 4c 24 06', 0x000fe21b, 'movzwl   6(%esp), %ecx'],
  ['66 c3', 0x000fe2ac, 'retl     '],
  ['ff', 0x000fe2bf, '.byte    0xff'],
  ['fa', 0x000fe2c3, 'cli      '],
  ['1f', 0x000fe2df, 'popw     %ds'],
  ['e6 20', 0x000fe3fa, 'outb     %al, $0x20'],
  ['fe c0', 0x000fe4dd, 'incb     %al'],
  ['90', 0x000fe6f1, 'nop      '],
  ['80 e2 60', 0x000fe750, 'andb     $0x60, %dl'],
  ['85 c0', 0x000fe866, 'testw    %ax, %ax'],
  ['c4 00', 0xfffe0001, 'lesw     (%bx, %si), %ax'],
  ['87 00', 0xfffe003f, 'xchgw    %ax, (%bx, %si)'],
  ['28 84 24 84', 0xfffe0096, 'subb     %al, -0x7bdc(%si)'],
  ['ab', 0xfffe00be, 'stosw    %ax, %es:(%di)'],
  ['44', 0xfffe00d9, 'incw     %sp'],
  ['f8', 0xfffe014f, 'clc      '],
  ['e2 68', 0xfffe01cd, 'loop     0x237'],
  ['c9', 0xfffe028f, 'leave    '],
  ['98', 0, 'cwtl     '],
  ['99', 0, 'cltd     '],
  ['c8 3a ff ff', 0, 'enter    $-0xc6, $-1'],
  ['ff 58 5a', 0, 'lcallw   *0x5a(%bx, %si)'],
  ['0f b7 c0', 0, 'movzwl   %ax, %ax'],
] as const

/** And of 32 bits: a C library, and what is seldom. */
const wide = [
  ['30 00', 0x01020000, 'xorb     %al, (%eax)'],
  ['03 00', 0x01020036, 'addl     (%eax), %eax'],
  ['1d 00 2c 00 02', 0x01020114, 'sbbl     $0x2002c00, %eax'],
  ['2b 00', 0x01020370, 'subl     (%eax), %eax'],
  ['f4', 0x01020ce9, 'hlt      '],
  ['4c', 0x01020d2c, 'decl     %esp'],
  ['84 88 00 00 08 00', 0x01020de0, 'testb    %cl, 0x80000(%eax)'],
  ['76 1a', 0x01020e64, 'jbe      0x1020e80'],
  ['ee', 0x01020f24, 'outb     %al, %dx'],
  ['6c', 0x010210d4, 'insb     %dx, %es:(%edi)'],
  ['86 91 96 06 14 00', 0x010211c4, 'xchgb    %dl, 0x140696(%ecx)'],
  ['f0', 0x01021284, '.byte    0xf0'],
  ['ce', 0x01021415, 'into     '],
  ['ab', 0x010214f1, 'stosl    %eax, %es:(%edi)'],
  ['dd 21', 0x010215bd, 'frstor   (%ecx)'],
  ['aa', 0x01021669, 'stosb    %al, %es:(%edi)'],
  ['cc', 0x010216d9, 'int3     '],
  ['ff 1f', 0x01021795, 'lcalll   *(%edi)'],
  ['3b fd', 0x010217cb, 'cmpl     %ebp, %edi'],
  ['7c 09', 0x010217ff, 'jl       0x102180a'],
  ['c1 ef ff', 0x0102189a, 'shrl     $0xff, %edi'],
  ['0f b6 05 00 00 00 00', 0x01022e39, 'movzbl   0, %eax'],
  ['0f 94 c0', 0x010232f0, 'sete     %al'],
  ['f7 64 24 08', 0x010238f5, 'mull     8(%esp)'],
  ['0f 9f c0', 0x01060a68, 'setg     %al'],
  ['66 89 02', 0x01061fd5, 'movw     %ax, (%edx)'],
  ['0f 4d d1', 0x010644b4, 'cmovgel  %ecx, %edx'],
  ['f7 f9', 0x010d10a3, 'idivl    %ecx'],
  ['66 90', 0, 'nop      '],
  ['69 c0 29 5c 8f c2', 0, 'imull    $0xc28f5c29, %eax, %eax'],
  ['83 ec 80', 0, 'subl     $-0x80, %esp'],
  ['83 e4 f0', 0, 'andl     $0xfffffff0, %esp'],
  ['f3 ab', 0, 'rep stosl %eax, %es:(%edi)'],
  ['f0 0f b1 95 b0 12 00 00', 0, 'lock cmpxchgl %edx, 0x12b0(%ebp)'],
  ['c7 85 bc 12 00 00 01 00 00 00', 0, 'movl     $1, 0x12bc(%ebp)'],
  ['91', 0, 'xchgl    %ecx, %eax'],
  ['62 0a', 0, 'bound    (%edx), %ecx'],
  ['3e 0b 00', 0, 'orl      %ds:(%eax), %eax'],
  ['d8 cf', 0, 'fmul     %st(7)'],
  ['da c1', 0, 'fcmovb   %st(1), %st(0)'],
  ['dc c9', 0, 'fmul     %st(0), %st(1)'],
  ['de c1', 0, 'faddp    %st(1)'],
  ['df f1', 0, 'fcomip   %st(1)'],
  ['0f 00 d9', 0, 'ltrw     %cx'],
  ['9b', 0, 'wait     '],
] as const

const disassembler = loadDisassembler()
const skip = disassembler === undefined && 'the optional package iced-x86 is missing'

for (const [bits, lines] of [
  [16, narrow],
  [32, wide],
] as const) {
  test(`writes instructions of ${bits} bits as QEMU does`, { skip }, () => {
    for (const [hex, address, text] of lines) {
      const bytes = Uint8Array.from(hex.split(' '), (digits) => Number.parseInt(digits, 16))
      assert.deepEqual(disassembler!.decode(bytes, address, bits), { length: bytes.length, text })
    }
  })
}

test('has a text for whatever bytes there are, and takes one of them at least', { skip }, () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(bytes, fc.constantFrom<CodeBits>(16, 32), fc.nat(0xffffffff), (code, bits, address) => {
      const { length, text } = disassembler!.decode(code, address, bits)
      assert.ok(length >= 1 && length <= Math.min(code.length, longestInstruction), text)
      assert.match(text, /^[a-z.][\w. ]*/)
    }),
    { numRuns: 5000 },
  )
})
