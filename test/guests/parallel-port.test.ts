import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startMachine } from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-parallel-'))
after(() => rmSync(folder, { recursive: true }))

/** A floppy whose boot sector prints a text through the BIOS (interrupt 17h), and ends the machine by port F4h. */
function printingFloppy(text: string): string {
  const sector = Buffer.alloc(512)
  const print = [...Buffer.from(text)].flatMap((byte) => [
    ...[0xb8, byte, 0x00, 0x31, 0xd2, 0xcd, 0x17], // mov ax, byte; xor dx, dx; int 17h
  ])
  sector.set([...print, 0xb0, 0x00, 0xe6, 0xf4, 0xf4]) // mov al, 0; out F4h, al; hlt
  sector.set([0x55, 0xaa], 510)
  const path = join(folder, 'print.img')
  writeFileSync(path, Buffer.concat([sector, Buffer.alloc(1474560 - 512)]))
  return path
}

test('what a guest prints through its BIOS is in the file behind the parallel port', { timeout: 300_000 }, async () => {
  const paper = join(folder, 'paper')
  await using running = await startMachine({
    memory: '16M',
    drives: [{ file: printingFloppy('Printed by LPT1\r\n'), format: 'raw', if: 'floppy' }],
    boot: 'a',
    parallel: `file:${paper}`,
    devices: ['isa-debug-exit,iobase=0xf4'],
  })
  await running.machine.ended
  assert.equal(readFileSync(paper, 'latin1'), 'Printed by LPT1\r\n')
})
