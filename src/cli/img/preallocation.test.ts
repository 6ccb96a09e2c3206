import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, same, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img')
after(enterFolder())
writeFileSync('a.raw', new Uint8Array(2 ** 20))
writeFileSync('empty.raw', '')

test('space is taken beforehand where that is wanted', { skip }, async () => {
  for (const mode of ['full', 'falloc']) {
    for (const run of [ours, theirs]) {
      const words = ['-f', 'raw', '-o', `preallocation=${mode}`, 'taken.raw', '300k']
      assert.equal((await run('create', ...words)).out.includes(`preallocation=${mode}`), true)
      assert.equal((await run('resize', '-q', '-f', 'raw', `--preallocation=${mode}`, 'taken.raw', '1M')).error, '')
      const { size, blocks } = statSync('taken.raw')
      assert.deepEqual([size, blocks], [2 ** 20, 2048], run.name)
      assert.equal(
        readFileSync('taken.raw').every((byte) => byte === 0),
        true,
      )
      rmSync('taken.raw')
    }
    theirs('create', '-f', 'qcow2', 'taken.qcow2', '1M')
    assert.equal((await ours('resize', '-q', `--preallocation=${mode}`, 'taken.qcow2', '2M')).error, '')
    assert.equal(statSync('taken.qcow2').blocks >= 2048, true)
    await same('check', 'taken.qcow2')
    await same('compare', 'taken.qcow2', 'empty.raw')
  }
  for (const mode of ['metadata', 'bla']) {
    const words = ['create', '-q', '-f', 'raw', '-o', `preallocation=${mode}`, 'new', '1M']
    assert.deepEqual(await ours(...words), theirs(...words))
  }
  await same('resize', '-f', 'raw', '--preallocation=metadata', 'a.raw', '40M')
})
