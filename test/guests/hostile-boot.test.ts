/**
 * Programs in the place of firmware that give nonsense to each family of ports and registers. Whatever becomes of the
 * guest, the board answers, and after a reset it starts the next one.
 *
 * VMON_HOSTILE=600 does for ten minutes what the suite does for some seconds, VMON_SEED begins elsewhere.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Assembler, assemble } from '../../guests/assembler.ts'
import type { BoardWitness } from '../../src/board/board-witness.ts'
import type { Medium } from '../../src/board/drive-config.ts'
import type { V86Board } from '../../src/board/v86/host.ts'
import { seed as firstSeed } from '../drawn-cases.ts'
import { guestBoard } from './guest-board.ts'
import { families, hostileProgram, programAddress } from './hostile-code.ts'

const seconds = Number(process.env['VMON_HOSTILE'] ?? 8)
const ramBytes = 2 << 20
/** How long each guest has for its nonsense, in milliseconds. */
const life = 60

test('a board answers whatever a guest does to its hardware, and a reset brings it back', {
  timeout: (seconds + 240) * 1000,
}, async (t) => {
  const { board, witness } = await guestBoard(t, [], {
    ramBytes,
    vga: true,
    firmware: { bios: hostileBios(), vgaBios: undefined },
    drives: [
      { slot: { bus: 'ide', channel: 0, unit: 0 }, kind: 'disk', medium: medium(1 << 20) },
      { slot: { bus: 'ide', channel: 1, unit: 0 }, kind: 'cdrom', medium: medium(1 << 20) },
      { slot: { bus: 'floppy', unit: 0 }, kind: 'floppy', medium: medium(1474560) },
    ],
  })
  const toll = new Map<string, number>()
  const end = performance.now() + seconds * 1000
  let seed = firstSeed
  for (let lives = 0; performance.now() < end || lives < Object.keys(families).length; lives++) {
    const family = Object.keys(families)[lives % Object.keys(families).length]!
    const how = await live(board, witness, hostileProgram(family, seed)).catch((cause: unknown) => {
      throw new Error(`${family}, seed ${seed}`, { cause })
    })
    if (how.startsWith('failed')) t.diagnostic(`${family}, seed ${seed}: ${how}`)
    toll.set(how, (toll.get(how) ?? 0) + 1)
    seed++
  }
  for (const [how, count] of toll) t.diagnostic(`${count} x ${how}`)
})

/** One guest's life; tells how it ended. */
async function live(board: V86Board, witness: BoardWitness, program: Uint8Array): Promise<string> {
  const before = witness.notices.length
  const heard = witness.received
  await board.writePhysical(programAddress, program)
  await board.resume()
  await Promise.race([pause(life), witness.told(before + 1)])
  if (board.state !== 'crashed') {
    try {
      await board.registers()
      await board.screen.capture()
      await board.pci()
      await board.pause()
    } catch (error) {
      if ((board.state as string) !== 'crashed') throw error // it may have failed meanwhile
    }
  }
  const how =
    board.state === 'crashed' ? `failed: ${witness.failures.at(-1)?.message}` : (witness.notices[before] ?? 'ran on')
  if (board.state !== 'crashed') await board.writePhysical(0, new Uint8Array(ramBytes)) // a life depends on its seed alone
  await board.reset()
  assert.equal(board.state, 'paused')
  assert.ok(how !== 'ran on' || witness.received > heard, 'the guest has begun')
  return how
}

/** A BIOS that says so, enters protected mode with flat segments, and jumps to the program. */
function hostileBios(): Uint8Array {
  const image = new Uint8Array(64 << 10)
  image.set(assemble(0, bios))
  image.set([0xea, 0x00, 0x00, 0x00, 0xf0], 0xfff0) // jmp F000:0000
  return image
}

function bios(asm: Assembler): void {
  asm.cli()
  asm.mov('ax', 0xf000)
  asm.mov('ds', 'ax')
  asm.mov('dx', 0x3f8)
  asm.mov('al', '>'.charCodeAt(0))
  asm.out('dx', 'al')
  asm.lgdt(asm.at('tablePointer'))
  asm.movFromControl('eax', 0)
  asm.op('or', 'eax', 1)
  asm.movToControl(0, 'eax')
  asm.jmpFar32(0x08, 0xf0000 + asm.at('flat'))
  asm.bits32()
  asm.label('flat')
  asm.mov('ax', 0x10)
  for (const segment of ['ds', 'es', 'ss'] as const) asm.mov(segment, 'ax')
  asm.mov('eax', programAddress)
  asm.db(0xff, 0xe0) // jmp eax
  asm.label('tablePointer')
  asm.dw(0x17)
  asm.dd(0xf0000 + asm.at('table'))
  asm.label('table')
  asm.dd(0, 0, 0x0000ffff, 0x00cf9a00, 0x0000ffff, 0x00cf9200)
}

function medium(byteLength: number): Medium {
  return {
    ...{ byteLength, readOnly: false },
    read: async (_offset, length) => new Uint8Array(length),
    write: async () => undefined,
    flush: async () => undefined,
  }
}
