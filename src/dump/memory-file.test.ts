import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { MemoryFiles } from './memory-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-memory-'))
after(() => rmSync(folder, { recursive: true }))
const filename = join(folder, 'saved')

/** Each byte is the lowest one of its address. */
function filesOf(cr0: number): MemoryFiles {
  const read = async (address: number, length: number): Promise<Uint8Array> => {
    assert.ok(address >= 0 && address + length <= 2 ** 32)
    return Uint8Array.from({ length }, (_, at) => (address + at) & 0xff)
  }
  return new MemoryFiles({
    ...{ ramBytes: 2 ** 32, readVirtual: read, readPhysical: read },
    registers: async () => ({ cr0 }),
  })
}

for (const [val, first] of [
  [2n ** 32n - 4n, 0xfc],
  [2n ** 32n + 8n, 8],
  [2n ** 40n + 16n, 16],
  [-4, 0xfc],
] as const) {
  test(`with paging, ${val} is an address of 32 bits, and the first one comes after the last`, async () => {
    await filesOf(0x8000_0011 | 0).saveVirtual({ val, size: 8, filename })
    assert.deepEqual(
      [...readFileSync(filename)],
      Array.from({ length: 8 }, (_, at) => (first + at) & 0xff),
    )
    rmSync(filename)
  })

  test(`without paging, there is nothing at ${val} and behind it`, async () => {
    await assert.rejects(filesOf(0x11).saveVirtual({ val, size: 8, filename }), {
      message: `Invalid addr 0x${BigInt.asUintN(64, BigInt(val)).toString(16).padStart(16, '0')}/size 8 specified`,
    })
    assert.equal(existsSync(filename), false)
  })
}
