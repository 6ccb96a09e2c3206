import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type Assembler, assemble } from '../../../../guests/assembler.ts'
import { ProbeBoard } from '../../../../test/guests/probe-board.ts'
import { callCode, peek, poke } from '../../../../test/guests/probe-guest.ts'
import { patchedWasm } from './wasm-patches.ts'

const timeout = 120_000
const home = 0x20000

/** Lets the guest call 32-bit code. */
async function call(probe: ProbeBoard, listing: (asm: Assembler) => void, address = home): Promise<number> {
  const code = assemble(address, (asm) => {
    asm.bits32()
    listing(asm)
  })
  const answers = await probe.ask(...write(code, address), callCode(address))
  return answers.at(-1)!
}

function write(bytes: Uint8Array, address: number) {
  return [...bytes].map((byte, index) => poke(address + index, 1, byte))
}

test('nothing but the code for which the patches are made is patched', async () => {
  const original = await readFile(new URL('v86.wasm', import.meta.resolve('v86')))
  assert.throws(() => patchedWasm(patchedWasm(original)), RangeError)
  assert.throws(() => patchedWasm(original.subarray(1)), RangeError)
})

for (const pse of [false, true]) {
  test(`with PAE, pages of 2 MiB are large ${pse ? 'with' : 'without'} CR4.PSE`, { timeout }, async (t) => {
    const probe = await ProbeBoard.start(t, { ramBytes: 8 << 20 })
    const [pointers, directory] = [0x100000, 0x101000]
    const entries = [0x83, 0, 0x400083, 0] // 0: itself; 2 MiB: what lies at 4 MiB
    await probe.ask(
      ...[directory + 1, 0].map((word, index) => poke(pointers + index * 4, 4, word)),
      ...entries.map((word, index) => poke(directory + index * 4, 4, word)),
      poke(0x400123 & ~3, 4, 0x12345678),
    )
    const seen = await call(probe, (asm) => {
      asm.movFromControl('eax', 4)
      asm.op('and', 'eax', ~0x30)
      asm.op('or', 'eax', pse ? 0x30 : 0x20)
      asm.movToControl(4, 'eax')
      asm.mov('eax', pointers)
      asm.movToControl(3, 'eax')
      asm.movFromControl('eax', 0)
      asm.op('or', 'eax', 0x80000000)
      asm.movToControl(0, 'eax')
      asm.db(0x8b, 0x1d) // mov ebx, [200120h]
      asm.dd(0x200120)
      asm.movFromControl('eax', 0)
      asm.op('and', 'eax', 0x7fffffff)
      asm.movToControl(0, 'eax')
      asm.mov('eax', 'ebx')
      asm.ret()
    })
    assert.equal(seen, 0x12345678)
  })
}

test('without PAE and PSE, bit 7 of an entry of the page directory means nothing', { timeout }, async (t) => {
  const probe = await ProbeBoard.start(t, { ramBytes: 8 << 20 })
  const [directory, table] = [0x100000, 0x101000]
  await probe.ask(
    poke(directory, 4, table + 0x83),
    ...Array.from({ length: 512 }, (_, page) => poke(table + page * 4, 4, (page << 12) + 3)),
    poke(table + 0x200 * 4, 4, 0x300003),
    poke(0x300120, 4, 0x9abcdef0),
  )
  const seen = await call(probe, (asm) => {
    asm.mov('eax', directory)
    asm.movToControl(3, 'eax')
    asm.movFromControl('eax', 0)
    asm.op('or', 'eax', 0x80000000)
    asm.movToControl(0, 'eax')
    asm.db(0x8b, 0x1d) // mov ebx, [200120h]
    asm.dd(0x200120)
    asm.movFromControl('eax', 0)
    asm.op('and', 'eax', 0x7fffffff)
    asm.movToControl(0, 'eax')
    asm.mov('eax', 'ebx')
    asm.ret()
  })
  assert.equal(seen, 0x9abcdef0)
})

/** What the prefix and the opcodes of an instruction are, and which registers it moves. */
const strings = {
  movs: { opcode: 0xa4, source: true, target: true },
  lods: { opcode: 0xac, source: true, target: false },
  stos: { opcode: 0xaa, source: false, target: true },
  scas: { opcode: 0xae, source: false, target: true },
  cmps: { opcode: 0xa6, source: true, target: true },
} as const

test('long string instructions end where they should, wherever they are broken off', { timeout }, async (t) => {
  const probe = await ProbeBoard.start(t)
  const [source, target, results] = [0x80000, 0x120000, 0x30000]
  const runs = fc.record({
    name: fc.constantFrom(...(Object.keys(strings) as (keyof typeof strings)[])),
    width: fc.constantFrom(1, 2, 4),
    count: fc.oneof(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 1000, max: 5000 }),
      fc.constantFrom(1024, 1025, 2048),
    ),
    equalFor: fc.integer({ min: 0, max: 6000 }),
    notEqual: fc.boolean(),
    unaligned: fc.integer({ min: 0, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(runs, async ({ name, width, count, equalFor, notEqual, unaligned }) => {
      const { opcode, source: moves, target: fills } = strings[name]
      const compares = name === 'cmps' || name === 'scas'
      const board = probe.board
      // Comparisons find what they look for (or what differs) after so many elements.
      const span = (Math.max(count, equalFor) + 1) * width
      const alike = new Uint8Array(span).fill(0x11)
      const other = alike.slice()
      other.fill(0x22, equalFor * width)
      if (notEqual) for (const [at, byte] of other.entries()) other[at] = 0x33 - byte
      await board.writePhysical(source, alike)
      await board.writePhysical(target + unaligned, compares ? other : new Uint8Array(span))
      await call(probe, (asm) => {
        asm.db(0xfc, 0x56, 0x57) // cld; push esi; push edi
        asm.mov('eax', 0x11111111)
        asm.mov('esi', source)
        asm.mov('edi', target + unaligned)
        asm.mov('ecx', count)
        if (width === 2) asm.db(0x66)
        asm.db(compares && notEqual ? 0xf2 : 0xf3, width === 1 ? opcode : opcode | 1)
        for (const [index, register] of (['ecx', 'esi', 'edi'] as const).entries())
          asm.store(results + 4 * index, register)
        asm.db(0x5f, 0x5e) // pop edi; pop esi
        asm.ret()
      })
      const done = compares ? Math.min(count, equalFor + 1) : count
      const seen = await probe.ask(...[0, 4, 8].map((offset) => peek(results + offset, 4)))
      assert.deepEqual(seen, [
        count - done,
        source + (moves ? done * width : 0),
        target + unaligned + (fills ? done * width : 0),
      ])
      if (name === 'movs' || name === 'stos') {
        const written = await board.readPhysical(target + unaligned, span)
        const expected = new Uint8Array(span).fill(0x11, 0, count * width)
        assert.ok(Buffer.compare(written, expected) === 0, 'memory')
      }
    }),
    { numRuns: Number(process.env['VMON_RUNS'] ?? 40) },
  )
})

test('a string instruction of 4 Gi elements in devices lets the board answer', { timeout }, async (t) => {
  const probe = await ProbeBoard.start(t)
  const { board } = probe
  void call(probe, (asm) => {
    asm.label('again')
    asm.mov('esi', 0)
    asm.mov('edi', 0x80000000)
    asm.mov('ecx', 0xffffffff)
    asm.db(0xf3, 0xa5) // rep movsd
    asm.jmp('again')
  }).catch(() => undefined)
  let registers = await board.registers()
  while (registers.edi < 0x80100000) registers = await board.registers()
  const { edi, ecx, esi } = registers
  assert.equal(edi - 0x80000000, esi)
  assert.equal(ecx, 0xffffffff - esi / 4)
  await board.pause()
  await board.reset()
  assert.equal((await board.registers()).eip, 0xfff0)
})

test('code in the memory of the VGA is executed as it stands there', { timeout }, async (t) => {
  const probe = await ProbeBoard.start(t, { vga: true })
  // Soon what calls it is translated code, which does not tell that the CPU has been elsewhere.
  for (let value = 1; value < 100; value++) {
    const answer = await call(
      probe,
      (asm) => {
        asm.mov('eax', value)
        asm.op('add', 'eax', 0x01010101)
        asm.ret()
      },
      0xb8100,
    )
    assert.equal(answer, (value + 0x01010101) >>> 0)
  }
})

for (const [where, address] of [
  ["into the local APIC's registers", 0xfee00000],
  ['to where nothing is', 0xd0000000],
  ['behind RAM', 0x00300000],
  ['just before an address that is negative', 0x7fffffff],
] as const) {
  test(`a guest that jumps ${where} executes zeros`, { timeout }, async (t) => {
    const probe = await ProbeBoard.start(t)
    void call(probe, (asm) => {
      asm.mov('eax', 0x60000)
      asm.mov('ebx', address)
      asm.db(0xff, 0xe3) // jmp ebx
    }).catch(() => undefined)
    const { board, witness } = probe
    while ((await board.cpu()).pc >>> 0 < address + 0x2000);
    assert.deepEqual(witness.notices, [])
    await board.pause()
    assert.equal((await board.registers()).eax, 0x60000)
  })
}

test('no address of memory that is not there breaks the board', { timeout }, async (t) => {
  const probe = await ProbeBoard.start(t)
  // Wherever the board keeps what it executes from outside RAM, some MiB behind it.
  const questions = Array.from({ length: 1024 }, (_, block) => peek((2 << 20) + (block << 15) + 0x7ffc, 4))
  const seen = new Set(await probe.ask(...questions))
  assert.ok(seen.has(0xffffffff))
  assert.deepEqual(probe.witness.notices, [])
})

test('faults whose handler faults at once do not hold the board', { timeout }, async (t: TestContext) => {
  const probe = await ProbeBoard.start(t)
  const { board } = probe
  const [directory, table, gates] = [0x100000, 0x101000, 0x102000]
  const handler = 0x190000
  await probe.ask(
    poke(directory, 4, table + 3),
    ...Array.from({ length: 512 }, (_, page) =>
      poke(table + page * 4, 4, page << 12 === handler ? 0 : (page << 12) + 3),
    ),
    poke(gates + 14 * 8, 4, 0x00080000 | (handler & 0xffff)),
    poke(gates + 14 * 8 + 4, 4, (handler & 0xffff0000) | 0x8e00),
    poke(gates - 8, 2, 0x7ff),
    poke(gates - 6, 4, gates),
  )
  void call(probe, (asm) => {
    asm.lidt(gates - 8)
    asm.mov('eax', directory)
    asm.movToControl(3, 'eax')
    asm.mov('esp', 0x1f0000)
    asm.movFromControl('eax', 0)
    asm.op('or', 'eax', 0x80000000)
    asm.movToControl(0, 'eax')
    asm.mov('ebx', handler)
    asm.db(0xff, 0xe3) // jmp ebx
  }).catch(() => undefined)
  while ((await board.cpu()).pc !== handler);
  await board.pause() // is answered, however often the CPU faults
  await board.reset()
  assert.equal((await board.registers()).eip, 0xfff0)
})
