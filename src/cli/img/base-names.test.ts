import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img')
after(enterFolder())

/** Three images in a folder that is not the current one, which name each other without it. */
function makeChain(folder: string): void {
  mkdirSync(folder, { recursive: true })
  theirs('create', '-q', '-f', 'qcow2', `${folder}/base`, '1M')
  theirs('create', '-q', '-f', 'qcow2', '-b', 'base', '-F', 'qcow2', `${folder}/mid`)
  theirs('create', '-q', '-f', 'qcow2', '-b', 'mid', '-F', 'qcow2', `${folder}/top`)
}

test('commit -b takes a name beside the images that name what is behind them, or an absolute one', {
  skip,
}, async () => {
  for (const name of [
    'mid',
    'base',
    './mid',
    '../a/base',
    'a/mid',
    'other',
    join(process.cwd(), 'a/mid'),
    'file:mid',
  ]) {
    makeChain('a')
    const said = await ours('commit', '-b', name, 'a/top')
    makeChain('a')
    assert.deepEqual(said, theirs('commit', '-b', name, 'a/top'), name)
  }
})

test('create takes backing files with a protocol, or whose name is options, as they are', { skip }, async () => {
  makeChain('b')
  const named = JSON.stringify({ driver: 'qcow2', file: { driver: 'file', filename: 'b/base' } })
  for (const [name, format] of [
    ['null-co://', 'raw'],
    [`json:${named}`, 'qcow2'],
    ['blkdebug::b/base', 'qcow2'],
  ] as const) {
    const argv = ['create', '-f', 'qcow2', '-b', name, '-F', format, 'b/new']
    assert.deepEqual(await ours(...argv), theirs(...argv), name)
    assert.equal(theirs('info', 'b/new').status, 0)
  }
})
