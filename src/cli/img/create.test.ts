import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
after(enterFolder())
if (skip === false) {
  mkdirSync('sub')
  theirs('create', '-f', 'qcow2', 'b', '1M')
  theirs('create', '-f', 'qcow2', 'sub/b', '2M')
  theirs('create', '-f', 'raw', 'r', '1M')
  const secret = ['--object', 'secret,id=s,data=x']
  theirs('create', '-f', 'luks', ...secret, '-o', 'key-secret=s,iter-time=10', 'l', '1M')
  theirs('create', '-f', 'qcow2', ...secret, '-o', 'encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10', 'e', '1M') // biome-ignore format: one line
}

/** Both make an image `x`, and must say the same and make one that is as large, or none. */
async function sameMade(...argv: string[]): Promise<void> {
  const seen: unknown[] = []
  for (const run of [ours, theirs]) {
    rmSync('x', { force: true })
    const said = await run('create', ...argv)
    seen.push({ said, size: existsSync('x') ? JSON.parse(theirs('info', '-U', '--output=json', 'x').out)['virtual-size'] : undefined }) // biome-ignore format: one line
  }
  assert.deepEqual(seen[0], seen[1], argv.join(' '))
}

test('backing files are looked at as by qemu-img', { skip }, async () => {
  for (const line of [
    ['-b', 'b', '-F', 'qcow2', 'x'],
    ['-b', 'nix', '-F', 'qcow2', 'x', '3M'],
    ['-b', 'nix', 'x', '3M'],
    ['-u', '-b', 'nix', 'x', '3M'],
    ['-u', '-b', 'nix', '-F', 'raw', 'x', '3M'],
    ['-u', '-b', 'nix', '-F', 'raw', 'x'],
    ['-b', 'r', '-F', 'qcow2', 'x', '3M'],
    ['-b', '', 'x', '3M'],
    ['-b', 'sub/b', '-F', 'qcow2', 'x'],
    ['-F', 'qcow2', 'x', '3M'],
    ['-b', 'file:r', '-F', 'raw', 'x'],
    ['-b', 'sub', '-F', 'raw', 'x', '3M'],
    ['-o', 'backing_file=b,backing_fmt=qcow2', 'x'],
  ]) {
    await sameMade('-f', 'qcow2', ...line)
  }
})

test('an encrypted image is a backing file without its key', { skip }, async () => {
  for (const [name, format] of [
    ['l', 'luks'],
    ['e', 'qcow2'],
  ]) {
    await sameMade('-f', 'qcow2', '-b', name!, '-F', format!, 'x')
    await sameMade('-f', 'qcow2', '-b', name!, '-F', format!, 'x', '3M')
  }
})

test('an image that somebody writes to is a backing file', { skip }, async () => {
  const writer = spawn('qemu-io', ['-f', 'qcow2', 'b'], { stdio: ['pipe', 'pipe', 'ignore'] })
  await once(writer.stdout, 'data') // its prompt
  await sameMade('-f', 'qcow2', '-b', 'b', '-F', 'qcow2', 'x')
  await sameMade('-f', 'qcow2', '-b', 'b', '-F', 'qcow2', 'x', '1M')
  writer.stdin.end('q\n')
  await once(writer, 'close')
})

test('options are refused and explained in the words of qemu-img', { skip }, async () => {
  const values = ['compat=0.42', 'compat=', 'preallocation=foo', 'compression_type=foo', 'cluster_size=3k']
  const hints = ['extent_size_hint=1M', 'extent_size_hint=x', 'extent_size_hint=5G', 'nocow=off', 'foo=1', 'help']
  for (const value of [
    ...values,
    ...hints,
    'refcount_bits=3',
    'encrypt.format=foo',
    'backing_fmt=raw',
    'size=2M',
    ',a',
  ]) {
    await sameMade('-f', 'qcow2', '-o', value, 'x', '1M')
  }
  for (const value of [...hints, 'preallocation=foo']) await sameMade('-f', 'raw', '-o', value, 'x', '1M')
  for (const format of ['qcow2', 'raw', 'luks']) {
    assert.deepEqual(await ours('create', '-f', format, '-o', 'help'), theirs('create', '-f', format, '-o', 'help'))
  }
})

test('sizes have 64 bits, and lose no digit', { skip }, async () => {
  const sizes = ['0', '1', '511', '1.5k', '8E', '7E', '16383P', '0x10', '1e3', '-1', '1X', '', '1T']
  const large = ['9007199254740993', '9223372036854775807', '9223372036854775808', '99999999999999999999']
  for (const size of [...sizes, ...large]) {
    for (const format of ['qcow2', 'raw']) await sameMade('-f', format, 'x', size)
  }
})

test('images may be longer than a file can be, and are refused where QEMU refuses them', { skip }, async () => {
  await sameMade('-f', 'qcow2', '-o', 'cluster_size=256k', 'x', '32P')
  await sameMade('-f', 'qcow2', '-o', 'cluster_size=2M', 'x', '256P')
  for (const size of ['32P', '9223372035781033984', '9223372035781033985', '9223372036854775000']) {
    await sameMade('-f', 'qcow2', 'x', size)
  }
})

test('a secret that is no text is refused, and no image stays', { skip }, async () => {
  writeFileSync('bad', Uint8Array.of(0x3a, 0xff))
  const secret = ['--object', 'secret,id=s,file=bad']
  await sameMade('-f', 'luks', ...secret, '-o', 'key-secret=s', 'x', '4M')
  for (const format of ['luks', 'aes']) {
    await sameMade('-f', 'qcow2', ...secret, '-o', `encrypt.format=${format},encrypt.key-secret=s`, 'x', '4M')
  }
})
