/**
 * The demonstration guest: a boot sector that greets, echoes what is typed (on the keyboard or on COM1) and counts the
 * clock's ticks in the corner of the screen.
 */
import { assemble } from './assembler.ts'

/** Segment of the text screen, and the place of the counter's last digit: first row, last column but one. */
const screen = 0xb800
const counter = 78 * 2
/** Where the BIOS data area holds COM1's port, or 0. */
const com1 = 0x400

/** The 512 bytes of the boot sector. */
export const demoBootSector: Uint8Array = assemble(0x7c00, (asm) => {
  asm.cli()
  asm.op('xor', 'ax', 'ax')
  asm.mov('ds', 'ax')
  asm.mov('ss', 'ax')
  asm.mov('sp', 0x7c00)
  asm.sti()
  asm.cld()
  asm.mov('ax', 0x0003) // text mode, 80x25, cleared
  asm.int(0x10)
  asm.mov('si', asm.at('greeting'))
  asm.label('greet')
  asm.lodsb()
  asm.op('cmp', 'al', 0)
  asm.j('z', 'wait')
  asm.call('print')
  asm.jmp('greet')

  // The clock's interrupt ends every hlt at the latest after 55 ms.
  asm.label('wait')
  asm.hlt()
  asm.call('count')
  asm.mov('ah', 0x01) // is a key waiting?
  asm.int(0x16)
  asm.j('z', 'serial')
  asm.mov('ah', 0x00) // take it
  asm.int(0x16)
  asm.call('echo')
  asm.label('serial')
  asm.load('dx', com1)
  asm.op('cmp', 'dx', 0)
  asm.j('z', 'wait')
  asm.op('add', 'dx', 5)
  asm.in('al', 'dx') // line status: has a byte arrived?
  asm.test('al', 1)
  asm.j('z', 'wait')
  asm.op('sub', 'dx', 5)
  asm.in('al', 'dx')
  asm.call('echo')
  asm.jmp('serial')

  asm.label('echo') // al; Enter begins a line
  asm.op('cmp', 'al', 0)
  asm.j('z', 'done') // a key without a character
  asm.call('print')
  asm.op('cmp', 'al', 0x0d)
  asm.j('nz', 'done')
  asm.mov('al', 0x0a)
  asm.label('print') // al, on the screen and on COM1
  asm.push('ax')
  asm.mov('ah', 0x0e)
  asm.mov('bx', 0x0007)
  asm.int(0x10)
  asm.load('dx', com1)
  asm.op('cmp', 'dx', 0)
  asm.j('z', 'printed')
  asm.op('add', 'dx', 5)
  asm.label('busy')
  asm.in('al', 'dx') // line status: is there room?
  asm.test('al', 0x20)
  asm.j('z', 'busy')
  asm.op('sub', 'dx', 5)
  asm.pop('ax')
  asm.push('ax')
  asm.out('dx', 'al')
  asm.label('printed')
  asm.pop('ax')
  asm.label('done')
  asm.ret()

  asm.label('count') // ticks since the start, at most five digits
  asm.mov('ah', 0x00)
  asm.int(0x1a) // cx:dx = ticks since midnight
  asm.load('ax', asm.at('before'))
  asm.op('cmp', 'ax', 'dx')
  asm.j('z', 'counted')
  asm.store(asm.at('before'), 'dx')
  asm.load('ax', asm.at('ticks'))
  asm.inc('ax')
  asm.store(asm.at('ticks'), 'ax')
  asm.mov('bx', screen)
  asm.mov('es', 'bx')
  asm.mov('di', counter)
  asm.mov('bx', 10)
  asm.label('digit')
  asm.op('xor', 'dx', 'dx')
  asm.div('bx')
  asm.push('ax')
  asm.mov('al', 'dl')
  asm.op('add', 'al', 0x30)
  asm.mov('ah', 0x1f) // white on blue
  asm.stosw()
  asm.op('sub', 'di', 4)
  asm.pop('ax')
  asm.op('cmp', 'ax', 0)
  asm.j('nz', 'digit')
  asm.label('counted')
  asm.ret()

  asm.label('before')
  asm.dw(0)
  asm.label('ticks')
  asm.dw(0)
  asm.label('greeting')
  asm.db('Hello from a PC inside Node.js.\r\n')
  asm.db('Type, and I type it too; the clock ticks up there on the right.\r\n', 0)

  asm.org(0x7c00 + 510)
  asm.dw(0xaa55)
})

/** A 1.44 MB floppy disk that boots the demonstration guest. */
export function demoFloppy(): Uint8Array {
  const image = new Uint8Array(80 * 2 * 18 * 512)
  image.set(demoBootSector)
  return image
}
