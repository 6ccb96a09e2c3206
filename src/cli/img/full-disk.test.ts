import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, theirs } from './side-by-side.ts'

const leave = enterFolder()
const small = 'small'
mkdirSync(small)

/** Why there can be no file system that is soon full. */
function mountSmall(): string | false {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1M', 'vmon-test', small], {
    encoding: 'utf8',
  })
  return status === 0 ? false : `no small file system can be had: ${stderr}`
}

const noMount = mountSmall()
const skip = missingProgram('qemu-img', 'qemu-io') || noMount
after(() => {
  if (noMount === false) execFileSync('umount', [small])
  leave()
})

const qcow2 = (...options: string[]): string[] => ['create', '-f', 'qcow2', ...options]

/** What is said and what is left must be the same; of files that are half written, that they are there. */
const lines: readonly { readonly argv: readonly string[]; readonly sizes?: boolean; readonly made?: string[] }[] = [
  { argv: ['create', '-f', 'raw', '-o', 'preallocation=full', 'small/a', '5M'], sizes: true },
  { argv: ['create', '-f', 'raw', '-o', 'preallocation=falloc', 'small/a', '5M'], sizes: true },
  { argv: ['create', '-f', 'raw', '-o', 'preallocation=metadata', 'small/a', '5M'], sizes: true },
  { argv: [...qcow2('-o', 'preallocation=full'), 'small/a', '5M'], sizes: true },
  { argv: [...qcow2('-o', 'preallocation=falloc'), 'small/a', '5M'], sizes: true },
  { argv: [...qcow2('-o', 'cluster_size=2M'), 'small/a', '5M'], sizes: true },
  { argv: [...qcow2('-o', 'data_file=small/d,preallocation=full'), 'small/a', '5M'], sizes: true },
  { argv: [...qcow2('-o', 'data_file=/nowhere/d'), 'small/a', '5M'], sizes: true },
  { argv: ['convert', '-O', 'raw', 'big', 'small/a'], sizes: true },
  { argv: ['convert', '-O', 'raw', '-o', 'preallocation=full', 'big', 'small/a'], sizes: true },
  { argv: ['convert', '-O', 'qcow2', '-o', 'preallocation=falloc', 'big', 'small/a'], sizes: true },
  { argv: ['convert', '-O', 'qcow2', 'big', 'small/a'] },
  { argv: ['convert', '-O', 'qcow2', '-W', '-m', '1', 'big', 'small/a'] },
  { argv: ['convert', '-O', 'qcow2', '-t', 'writethrough', 'big', 'small/a'] },
  { argv: ['convert', '-n', '-O', 'qcow2', 'big', 'small/a'], made: [...qcow2(), 'small/a', '5M'] },
  { argv: ['dd', 'if=big', 'of=small/a'], sizes: true },
  { argv: ['dd', '-O', 'qcow2', 'if=big', 'of=small/a'] },
  { argv: ['commit', 'over'], made: [...qcow2(), 'small/base', '5M'] },
  { argv: ['rebase', '-b', '', 'small/a'], made: [...qcow2('-b', '../big', '-F', 'raw'), 'small/a'] },
  { argv: ['resize', '-f', 'raw', '--preallocation=full', 'small/a', '6M'], made: ['create', 'small/a', '1M'] },
  { argv: ['resize', '-f', 'raw', '--preallocation=falloc', 'small/a', '6M'], made: ['create', 'small/a', '1M'] },
  { argv: ['resize', '--preallocation=full', 'small/a', '6M'], made: [...qcow2(), 'small/a', '1M'] },
  { argv: ['resize', '--preallocation=falloc', 'small/a', '6M'], made: [...qcow2(), 'small/a', '1M'] },
]

describe('on a full disk', { skip }, () => {
  before(() => {
    writeFileSync('big', Buffer.alloc(3 * 2 ** 20, 0xa5))
    theirs(...qcow2(), 'over', '5M')
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 3 0 3M', 'over'])
    theirs('rebase', '-u', '-b', 'small/base', '-F', 'qcow2', 'over')
  })

  for (const { argv, sizes = false, made } of lines) {
    it(`one line tells of it, and what is left is what qemu-img leaves: ${argv.join(' ')}`, async () => {
      const seen: unknown[] = []
      for (const run of [ours, theirs]) {
        for (const name of readdirSync(small)) rmSync(join(small, name))
        if (made !== undefined) theirs(...made)
        const said = await run(...argv)
        const left = readdirSync(small).map((name) => (sizes ? [name, statSync(join(small, name)).size] : name))
        assert.equal(said.status, 1, said.error)
        assert.equal(said.error.split('\n').length, 2, said.error)
        if (made?.includes('qcow2') === true) {
          const [image] = made.filter((word) => word.startsWith('small/'))
          assert.ok([0, 3].includes(theirs('check', image!).status))
        }
        seen.push({ said, left })
      }
      assert.deepEqual(seen[0], seen[1])
    })
  }

  it('a snapshot that finds no room is none', async () => {
    for (const name of readdirSync(small)) rmSync(join(small, name))
    theirs(...qcow2(), 'small/a', '512k')
    writeFileSync('small/rest', Buffer.alloc(2 ** 19, 1))
    try {
      writeFileSync('small/more', Buffer.alloc(2 ** 19, 1))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
    }
    const said = await ours('snapshot', '-c', 's', 'small/a')
    assert.deepEqual(said, theirs('snapshot', '-c', 's', 'small/a'))
    assert.equal(said.error, "vmon img: Could not create snapshot 's': -28 (No space left on device)\n")
    assert.equal(theirs('check', 'small/a').status, 0)
  })
})
