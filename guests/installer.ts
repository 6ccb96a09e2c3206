/**
 * A guest that installs itself, for tests: a floppy whose boot sector asks, copies the demonstration guest to the first
 * hard disk, and boots again when a key is pressed.
 */
import { assemble } from './assembler.ts'
import { demoBootSector } from './demo.ts'

const hardDisk = 0x80
const buffer = 0x8000

const installerBootSector: Uint8Array = assemble(0x7c00, (asm) => {
  asm.cli()
  asm.op('xor', 'ax', 'ax')
  asm.mov('ds', 'ax')
  asm.mov('es', 'ax')
  asm.mov('ss', 'ax')
  asm.mov('sp', 0x7c00)
  asm.sti()
  asm.cld()
  asm.mov('ax', 0x0003) // text mode, 80x25, cleared
  asm.int(0x10)
  asm.mov('si', asm.at('question'))
  asm.call('say')
  asm.mov('ah', 0x00) // wait for a key
  asm.int(0x16)

  asm.mov('ax', 0x0201) // read one sector: cylinder 0, sector 2, head 0 of the floppy
  asm.mov('cx', 0x0002)
  asm.mov('dx', 0x0000)
  asm.mov('bx', buffer)
  asm.int(0x13)
  asm.j('c', 'failed')
  asm.mov('ax', 0x0301) // write it to the first one of the disk
  asm.mov('cx', 0x0001)
  asm.mov('dx', hardDisk)
  asm.mov('bx', buffer)
  asm.int(0x13)
  asm.j('c', 'failed')

  asm.mov('si', asm.at('installed'))
  asm.call('say')
  asm.mov('ah', 0x00)
  asm.int(0x16)
  asm.mov('al', 0xfe) // the keyboard controller resets the machine
  asm.mov('dx', 0x64)
  asm.out('dx', 'al')
  asm.label('over')
  asm.hlt()
  asm.jmp('over')

  asm.label('failed')
  asm.mov('si', asm.at('failure'))
  asm.call('say')
  asm.jmp('over')

  asm.label('say') // si, up to a zero
  asm.lodsb()
  asm.op('cmp', 'al', 0)
  asm.j('z', 'said')
  asm.mov('ah', 0x0e)
  asm.mov('bx', 0x0007)
  asm.int(0x10)
  asm.jmp('say')
  asm.label('said')
  asm.ret()

  asm.label('question')
  asm.db('Install on the hard disk? Press a key.\r\n', 0)
  asm.label('installed')
  asm.db('Installed. Take the floppy out and press a key.\r\n', 0)
  asm.label('failure')
  asm.db('There is no hard disk.\r\n', 0)

  asm.org(0x7c00 + 510)
  asm.dw(0xaa55)
})

/** A 1.44 MB floppy disk that boots the installer. */
export function installerFloppy(): Uint8Array {
  const image = new Uint8Array(80 * 2 * 18 * 512)
  image.set(installerBootSector)
  image.set(demoBootSector, 512)
  return image
}
