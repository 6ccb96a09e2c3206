import { writeFile } from 'node:fs/promises'
import { assemble } from '../../../guests/assembler.ts'

const sectorBytes = 512
const bootAddress = 0x7c00
const com1 = 0x3f8
const powerControl = 0x604
/** Where the guest has its numbers, and where what it reads of them lies. */
const kept = 0x8000
const read = 0x8200
/** In a sector of numbers: how often the guest was started, how far it has counted, how far it has to. */
const [starts, count, goal] = [0, 4, 8]
/** Sector 1 has the numbers, each sector from here on the number of those before it. */
const firstCounted = 16
/** Of the BIOS, 18.2 in a second. */
const ticks = 0x46c
const ticksPerCount = 9

/**
 * A disk that starts a guest which counts, twice a second: in memory, on the disk, and as lines on its serial port. Before each
 * step it compares the two numbers: memory and disk of different moments make it say LOST. At its goal it says DONE and
 * switches itself off.
 */
export async function writeCountingDisk(path: string, counts: number): Promise<void> {
  const image = Buffer.alloc(1 << 20)
  image.set(bootSector)
  image.writeUInt32LE(counts, sectorBytes + goal)
  await writeFile(path, image)
}

/** What a counting guest has left on its disk. */
export interface Counted {
  readonly starts: number
  readonly count: number
  /** The numbers that it has put there, one after the other. */
  readonly steps: readonly number[]
}

/** Reads what stands on a counting guest's disk, which is given as it is seen by the guest. */
export function countedOn(disk: Buffer): Counted {
  const numbers = disk.subarray(sectorBytes)
  const steps: number[] = []
  for (let at = firstCounted * sectorBytes; at < disk.length; at += sectorBytes) {
    const step = disk.readUInt32LE(at)
    if (step === 0) break
    steps.push(step)
  }
  return { starts: numbers.readUInt32LE(starts), count: numbers.readUInt32LE(count), steps }
}

const bootSector = assemble(bootAddress, (asm) => {
  const transfer = (direction: 'read' | 'write', address: number): void => {
    asm.mov('ebx', address)
    asm.store(asm.at('buffer'), 'ebx')
    asm.mov('ax', direction === 'read' ? 0x4200 : 0x4300)
    asm.call('disk')
  }
  const say = (text: string): void => {
    for (const character of text) {
      asm.mov('al', character.charCodeAt(0))
      asm.call('send')
    }
  }
  asm.cli()
  asm.mov('ax', 0)
  for (const segment of ['ds', 'es', 'ss'] as const) asm.mov(segment, 'ax')
  asm.mov('sp', bootAddress)
  asm.sti()
  transfer('read', kept)
  asm.load('eax', kept + starts)
  asm.op('add', 'eax', 1)
  asm.store(kept + starts, 'eax')
  transfer('write', kept)

  asm.label('next')
  transfer('read', read)
  asm.load('eax', read + count)
  asm.load('ecx', kept + count)
  asm.op('cmp', 'eax', 'ecx')
  asm.j('z', 'same')
  say('LOST\n')
  asm.jmp('off')
  asm.label('same')
  asm.op('add', 'ecx', 1)
  asm.store(kept + count, 'ecx')
  transfer('write', kept)
  asm.load('eax', kept + count) // the sector that has this number: the one behind the last
  asm.op('add', 'eax', firstCounted - 1)
  asm.store(asm.at('sector'), 'eax')
  asm.load('eax', kept + count)
  asm.store(read, 'eax')
  transfer('write', read)
  asm.mov('eax', 1)
  asm.store(asm.at('sector'), 'eax')
  asm.load('ax', kept + count)
  asm.call('decimal')
  say('\n')
  asm.load('eax', kept + count)
  asm.load('ecx', kept + goal)
  asm.op('cmp', 'eax', 'ecx')
  asm.j('z', 'done')
  asm.load('eax', ticks)
  asm.op('add', 'eax', ticksPerCount)
  asm.mov('esi', 'eax')
  asm.label('rest')
  asm.hlt()
  asm.load('eax', ticks)
  asm.op('cmp', 'eax', 'esi')
  asm.j('l', 'rest')
  asm.jmp('next')

  asm.label('done')
  say('DONE\n')
  asm.label('off')
  asm.mov('dx', powerControl)
  asm.mov('ax', 0x2000) // SLP_EN, and S5's number
  asm.out('dx', 'ax')
  asm.label('halt')
  asm.hlt()
  asm.jmp('halt')

  asm.label('decimal') // AX, with at least one digit
  asm.mov('cx', 0)
  asm.mov('bx', 10)
  asm.label('digit')
  asm.mov('dx', 0)
  asm.div('bx')
  asm.push('dx')
  asm.inc('cx')
  asm.test('ax', 0xffff)
  asm.j('nz', 'digit')
  asm.label('print')
  asm.pop('ax')
  asm.op('add', 'al', 0x30)
  asm.call('send')
  asm.dec('cx')
  asm.j('nz', 'print')
  asm.ret()

  asm.label('send') // AL
  asm.mov('dx', com1)
  asm.out('dx', 'al')
  asm.ret()

  asm.label('disk') // a BIOS call, by the packet below
  asm.mov('si', asm.at('packet'))
  asm.mov('dl', 0x80)
  asm.int(0x13)
  asm.j('c', 'bad')
  asm.ret()
  asm.label('bad')
  say('BAD\n')
  asm.jmp('off')
  asm.label('packet')
  asm.dw(16, 1)
  asm.label('buffer')
  asm.dd(0) // offset and segment
  asm.label('sector')
  asm.dd(1, 0)
  asm.org(bootAddress + 510)
  asm.dw(0xaa55)
})
