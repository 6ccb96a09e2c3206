import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findOptionRom, readOptionRom } from './option-roms.ts'

test('the file of a ROM is found by its path or in a folder, and a pipe holds nobody up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-roms-'))
  try {
    writeFileSync(join(folder, 'a.rom'), 'abc')
    execFileSync('mkfifo', [join(folder, 'pipe')])
    assert.deepEqual(findOptionRom('a.rom', [folder]), { path: join(folder, 'a.rom'), byteLength: 3 })
    assert.equal(Buffer.from((await readOptionRom('a.rom', [folder]))!).toString(), 'abc')
    assert.equal(findOptionRom(join(folder, 'pipe'), [])?.byteLength, 0)
    assert.equal(await readOptionRom(join(folder, 'pipe'), []), undefined)
    assert.equal(findOptionRom('none.rom', [folder]), undefined)
    assert.equal(findOptionRom('.', [folder])?.byteLength, Number.POSITIVE_INFINITY)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
