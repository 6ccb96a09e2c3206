import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Assembler, assemble } from './assembler.ts'

type Listing = (asm: Assembler) => void

function hex(...listings: Listing[]): string {
  return Buffer.from(assembled(...listings)).toString('hex')
}

function assembled(...listings: Listing[]): Uint8Array {
  return assemble(0x100, (asm) => {
    for (const listing of listings) listing(asm)
  })
}

describe('the assembler', () => {
  it('encodes each instruction as the processor reads it', () => {
    const encodings: [string, Listing][] = [
      ['b83412', (asm) => asm.mov('ax', 0x1234)],
      ['66b878563412', (asm) => asm.mov('eax', 0x12345678)],
      ['b67f', (asm) => asm.mov('dh', 0x7f)],
      ['89d8', (asm) => asm.mov('ax', 'bx')],
      ['88e2', (asm) => asm.mov('dl', 'ah')],
      ['8ed8', (asm) => asm.mov('ds', 'ax')],
      ['8b160004', (asm) => asm.load('dx', 0x400)],
      ['6689060000', (asm) => asm.store(0, 'eax')],
      ['8a0e0102', (asm) => asm.load('cl', 0x201)],
      ['31c0', (asm) => asm.op('xor', 'ax', 'ax')],
      ['6681c800000080', (asm) => asm.op('or', 'eax', 0x80000000)],
      ['80f80d', (asm) => asm.op('cmp', 'al', 13)],
      ['f6c020', (asm) => asm.test('al', 0x20)],
      ['f7f3', (asm) => asm.div('bx')],
      ['e464', (asm) => asm.in('al', 0x64)],
      ['66ef', (asm) => asm.out('dx', 'eax')],
      ['ed', (asm) => asm.in('ax', 'dx')],
      ['ea00000080', (asm) => asm.jmpFar(0x8000, 0)],
      ['66ea785634120800', (asm) => asm.jmpFar32(8, 0x12345678)],
      ['0f01160001', (asm) => asm.lgdt(0x100)],
      ['0f011e0001', (asm) => asm.lidt(0x100)],
      ['0f20c0', (asm) => asm.movFromControl('eax', 0)],
      ['0f22d9', (asm) => asm.movToControl(3, 'ecx')],
      ['cd10', (asm) => asm.int(0x10)],
      ['8ee8', (asm) => asm.mov('gs', 'ax')],
      ['668b44fc', (asm) => asm.loadFrom('eax', 'si', -4)],
      ['668b5500', (asm) => asm.loadFrom('edx', 'di')],
      ['894708', (asm) => asm.storeTo('bx', 8, 'ax')],
      ['660fc8', (asm) => asm.bswap('eax')],
      ['66c1ea04', (asm) => asm.shift('right', 'edx', 4)],
      ['c1e00c', (asm) => asm.shift('left', 'ax', 12)],
      ['66ffe1', (asm) => asm.jmpTo('ecx')],
      ['66ab', (asm) => asm.stosd()],
      ['f3a4', (asm) => [asm.rep(), asm.movsb()]],
      ['cb', (asm) => asm.retf()],
      ['515a', (asm) => [asm.push('cx'), asm.pop('dx')]],
      ['66516659', (asm) => [asm.push('ecx'), asm.pop('ecx')]],
      ['0e1f', (asm) => [asm.pushSegment('cs'), asm.popSegment('ds')]],
      ['89d08bd0', (asm) => [asm.bits32(), asm.mov('eax', 'edx'), asm.bits16(), asm.db(0x8b, 0xd0)]],
      ['68690061', (asm) => asm.db('hi', 0, 0x61)],
    ]
    for (const [expected, listing] of encodings) assert.equal(hex(listing), expected, String(listing))
  })

  it('swaps the meaning of the size prefix in 32-bit code', () => {
    const wide: Listing = (asm) => asm.bits32()
    assert.equal(
      hex(wide, (asm) => asm.mov('eax', 1)),
      'b801000000',
    )
    assert.equal(
      hex(wide, (asm) => asm.mov('ax', 1)),
      '66b80100',
    )
    assert.equal(
      hex(wide, (asm) => asm.store(0xb8000, 'eax')),
      '890500800b00',
    )
  })

  it('resolves labels in both directions', () => {
    const listing = (asm: Assembler) => {
      asm.label('start')
      asm.j('z', 'end')
      asm.call('start')
      asm.mov('si', asm.at('end'))
      asm.label('end')
      asm.hlt()
    }
    assert.equal(hex(listing), '7406e8fbffbe0801f4')
  })

  it('refuses what it cannot encode', () => {
    const refused: [RegExp, ...Listing[]][] = [
      [/no label nowhere/, (asm) => asm.jmp('nowhere')],
      [/label twice stands twice/, (asm) => asm.label('twice'), (asm) => asm.label('twice')],
      [/far is too far away/, (asm) => asm.j('z', 'far'), (asm) => asm.org(0x200), (asm) => asm.label('far')],
      [/300 does not fit into 1 bytes/, (asm) => asm.mov('al', 300)],
      [/1 bytes too many before 0x100/, (asm) => asm.hlt(), (asm) => asm.org(0x100)],
      [/al and bx differ in size/, (asm) => asm.mov('al', 'bx')],
    ]
    for (const [message, ...listings] of refused)
      assert.throws(() => assembled(...listings), { name: 'RangeError', message })
  })
})
