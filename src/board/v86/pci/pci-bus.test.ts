import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assemble } from '../../../../guests/assembler.ts'
import { ProbeBoard } from '../../../../test/guests/probe-board.ts'
import { callCode, inPort, outPort, poke } from '../../../../test/guests/probe-guest.ts'

const routine = 0x9000
/** Where the guest counts what it has written. */
const counter = 0xa000
const enough = 50_000

/**
 * Writes random values of random width to random registers of random functions, for ever: half of them to functions
 * that there are. x = 1103515245 x + 12345 modulo 2^32.
 */
const wildWriter = (seed: number): Uint8Array =>
  assemble(routine, (asm) => {
    const random = (): void => asm.db(0x69, 0xf6, 0x6d, 0x4e, 0xc6, 0x41, 0x81, 0xc6, 0x39, 0x30, 0x00, 0x00)
    asm.bits32()
    asm.mov('esi', seed)
    asm.label('again')
    random() // imul esi, esi, 1103515245; add esi, 12345
    asm.mov('eax', 'esi')
    asm.db(0xc1, 0xe8, 0x08) // shr eax, 8
    asm.op('and', 'eax', 0x13fc) // slots 0 and 2, functions 0 to 3
    asm.test('esi', 0x80000000)
    asm.j('z', 'anywhere')
    asm.op('or', 'eax', 0x800) // slots 1 and 3
    asm.label('anywhere')
    asm.op('or', 'eax', 0x80000000)
    asm.mov('dx', 0xcf8)
    asm.out('dx', 'eax')
    random()
    asm.mov('edx', 'esi')
    asm.db(0xc1, 0xea, 0x14, 0x83, 0xe2, 0x03, 0x81, 0xc2, 0xfc, 0x0c, 0x00, 0x00) // shr edx, 20; and edx, 3; add edx, CFCh
    random()
    asm.mov('eax', 'esi')
    asm.test('esi', 0x10000)
    asm.j('z', 'byte')
    asm.test('esi', 0x20000)
    asm.j('z', 'word')
    asm.out('dx', 'eax')
    asm.jmp('count')
    asm.label('word')
    asm.out('dx', 'ax')
    asm.jmp('count')
    asm.label('byte')
    asm.out('dx', 'al')
    asm.label('count')
    asm.db(0xff, 0x05) // inc dword [counter]
    asm.dd(counter)
    asm.jmp('again')
  })

for (const seed of [1, 0x5eed, 0xffffffff]) {
  test(`a guest that writes anything anywhere into configuration spaces moves nothing that cannot be moved (seed ${seed})`, {
    timeout: 300_000,
  }, async (t) => {
    const probe = await ProbeBoard.start(t, { vga: true })
    const { board, witness } = probe
    const before = await board.pci()
    await probe.ask(...[...wildWriter(seed)].map((byte, index) => poke(routine + index, 1, byte)))
    void probe.ask(callCode(routine))
    for (let count = 0; count < enough; ) {
      count = new DataView((await board.readPhysical(counter, 4)).slice().buffer).getUint32(0, true)
    }
    assert.deepEqual(witness.notices, [])
    const identity = (functions: typeof before) =>
      functions.map(({ interruptLine: _, busMaster: _mastery, ownPorts: _ports, regions, ...rest }) => [
        rest,
        regions.map(({ bar, kind, size }) => [bar, kind, size]),
      ])
    const after = await board.pci()
    assert.deepEqual(identity(after), identity(before))
    for (const { address, size } of after.flatMap(({ regions }) => regions)) {
      assert.ok(address === undefined || (address % size === 0 && address + size < 2 ** 32))
    }
    await board.pause()
    await board.reset()
    assert.deepEqual(await board.pci(), before, 'a reset puts everything back')
  })
}

test('functions that are there are sized and mapped at once, without the address being written again', {
  timeout: 300_000,
}, async (t) => {
  const probe = await ProbeBoard.start(t, { vga: true })
  const bar4 = outPort(0xcf8, 4, 0x80000920)
  const [, , size, , address] = await probe.ask(
    bar4,
    outPort(0xcfc, 4, 0xffffffff),
    inPort(0xcfc, 4),
    outPort(0xcfc, 4, 0xc000),
    inPort(0xcfc, 4),
  )
  assert.deepEqual([size, address], [0xfffffff1, 0xc001])
  const ide = async () => (await probe.board.pci()).find(({ classCode }) => classCode === 0x0101)!.regions
  assert.deepEqual(await ide(), [
    { bar: 4, kind: 'io', size: 16, prefetchable: false, wide: false, address: undefined },
  ])
  await probe.ask(outPort(0xcf8, 4, 0x80000904), outPort(0xcfc, 2, 1))
  assert.equal((await ide())[0]!.address, 0xc000)
})
