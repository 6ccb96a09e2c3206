import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, type Said, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
after(enterFolder())

/** A chain of three images, in a folder of its own, and images that may take the place of some of them. */
function makeChain(name: string): void {
  rmSync(name, { recursive: true, force: true })
  mkdirSync(name)
  const img = (...argv: string[]): void => void execFileSync('qemu-img', argv, { stdio: 'ignore', cwd: name })
  const io = (path: string, format: string, ...commands: string[]): void =>
    void execFileSync('qemu-io', ['-f', format, ...commands.flatMap((each) => ['-c', each]), path], { cwd: name })
  img('create', '-f', 'raw', 'base', '4M')
  io('base', 'raw', 'write -P 1 0 300k', 'write -P 2 2M 64k', 'write -P 9 3M 128k')
  img('create', '-f', 'qcow2', '-b', 'base', '-F', 'raw', 'mid')
  io('mid', 'qcow2', 'write -P 3 100k 100k', 'write -z 3M 64k', 'write -P 4 1M 10k')
  img('create', '-f', 'qcow2', '-o', 'cluster_size=4k', '-b', 'mid', '-F', 'qcow2', 'top', '6M')
  io('top', 'qcow2', 'write -P 5 150k 7k', 'write -P 6 5M 100k', 'write -z 2M 64k')
  img('create', '-f', 'raw', 'other', '5M')
  io('other', 'raw', 'write -P 1 0 300k', 'write -P 7 4500k 64k')
}

/** Both do the same to a chain of their own; what they say, and what is in every image then, must be the same. */
async function sameOnChain(...argv: string[]): Promise<void> {
  for (const name of ['chain', 'theirs']) makeChain(name)
  const inFolder = async (name: string, run: (...argv: string[]) => Promise<Said> | Said): Promise<Said> => {
    process.chdir(name)
    try {
      return await run(...argv)
    } finally {
      process.chdir('..')
    }
  }
  assert.deepEqual(await inFolder('chain', ours), await inFolder('theirs', theirs), argv.join(' '))
  for (const image of ['base', 'mid', 'top', 'other']) {
    const format = image === 'base' || image === 'other' ? 'raw' : 'qcow2'
    const [one, other] = [join('chain', image), join('theirs', image)]
    const compared = theirs('compare', '-f', format, '-F', format, one, other)
    assert.equal(compared.out, 'Images are identical.\n', `${image} after ${argv.join(' ')}`)
    if (format === 'qcow2') assert.equal(theirs('check', one).status, 0)
    const about = (path: string): Record<string, unknown> => JSON.parse(theirs('info', '--output=json', path).out)
    for (const key of ['backing-filename', 'backing-filename-format', 'virtual-size', 'format']) {
      assert.equal(about(one)[key], about(other)[key], `${key} of ${image}`)
    }
  }
}

for (const argv of [
  ['-b', 'base', '-F', 'raw', 'top'],
  ['-b', 'mid', '-F', 'qcow2', 'top'],
  ['-b', 'other', '-F', 'raw', 'top'],
  ['-b', '', 'top'],
  ['-u', '-b', 'other', '-F', 'raw', 'top'],
  ['-u', '-b', '', 'mid'],
  ['-u', 'top'],
  ['-b', 'base', '-F', 'raw', '-t', 'none', '-T', 'writeback', '--image-opts', 'driver=qcow2,file.filename=top'],
]) {
  test(`rebase ${argv.join(' ')} leaves what qemu-img leaves`, { skip }, () => sameOnChain('rebase', ...argv))
}

for (const argv of [
  ['top'],
  ['-d', 'top'],
  ['-q', 'mid'],
  ['-b', 'base', 'top'],
  ['-b', 'mid', 'top'],
  ['-r', '100M', '-t', 'writethrough', 'top'],
]) {
  test(`commit ${argv.join(' ')} leaves what qemu-img leaves`, { skip }, () => sameOnChain('commit', ...argv))
}

test('an image whose contents have gone to the one behind it is as small as a new one', { skip }, async () => {
  makeChain('chain')
  const before = statSync('chain/top').size
  await ours('commit', 'chain/top')
  const { size } = statSync('chain/top')
  assert.ok(size < before / 2, `${size} of ${before} bytes`)
  const [only] = JSON.parse(theirs('map', '-s', '5M', '--output=json', 'chain/top').out) as { depth: number }[]
  assert.equal(only?.depth, 1)
  // It goes on as ever.
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 8 1M 1M', 'chain/top'])
  assert.equal(theirs('check', 'chain/top').status, 0)
})

test('what internal snapshots hold stays when an image is emptied', { skip }, async () => {
  makeChain('chain')
  execFileSync('qemu-img', ['snapshot', '-c', 'kept', 'chain/top'])
  execFileSync('qemu-img', ['convert', '-O', 'raw', 'chain/top', 'before'])
  assert.equal((await ours('commit', 'chain/top')).status, 0)
  assert.equal(theirs('check', 'chain/top').status, 0)
  execFileSync('qemu-img', ['convert', '-l', 'kept', '-O', 'raw', 'chain/top', 'after'])
  assert.equal(theirs('compare', 'before', 'after').out, 'Images are identical.\n')
})
