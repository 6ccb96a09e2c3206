import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { after, beforeEach, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img')
after(enterFolder())
beforeEach(() => {
  rmSync('d', { recursive: true, force: true })
  mkdirSync('d')
})

/** Bytes that are another's each time: random numbers, times, and sums of those. */
const drawn: Readonly<Record<string, (bytes: Buffer) => void>> = {
  vdi: (bytes) => void bytes.fill(0, 0x188, 0x1a8),
  vpc: (bytes) => {
    for (let at = bytes.indexOf('conectix'); at >= 0; at = bytes.indexOf('conectix', at + 1)) {
      bytes.fill(0, at + 24, at + 28).fill(0, at + 64, at + 84)
    }
  },
  vmdk: () => undefined,
}

/** Files up to this length are compared byte by byte. */
const readable = 2 ** 24

function contents(format: string): unknown {
  return readdirSync('d')
    .sort()
    .map((name) => {
      const { size } = statSync(`d/${name}`)
      if (size > readable) return [name, size]
      const bytes = readFileSync(`d/${name}`)
      drawn[format]!(bytes)
      if (format !== 'vmdk') return [name, size, bytes.toString('hex')]
      // A number of fewer digits makes the text shorter, and so a file that is a text.
      const text = bytes.toString('latin1').replace(/^CID=[0-9a-f]+\n([^\0]*)\0*/m, 'CID=\n$1')
      return [name, text.startsWith('KDMV') ? size : undefined, text]
    })
}

/** Both make an image, and must say the same, and make files of the same bytes, or none. */
async function sameMade(format: string, ...argv: string[]): Promise<void> {
  const seen: unknown[] = []
  for (const run of [ours, theirs]) {
    for (const name of readdirSync('d')) rmSync(`d/${name}`)
    const said = await run('create', '-f', format, ...argv)
    // What failed leaves a file of QEMU's, with nothing in it.
    seen.push({ said, made: said.status === 0 ? contents(format) : undefined })
    if (run === ours && said.status !== 0) assert.equal(existsSync('d/a.x'), false, argv.join(' '))
  }
  assert.deepEqual(seen[0], seen[1], argv.join(' '))
}

const sizes = ['0', '1', '512', '513', '1M', '1048577', '3000001', '33554433', '100M', '5G', '127G']

test('images of VirtualBox are made of the same bytes', { skip }, async () => {
  for (const size of sizes) {
    for (const options of ['static=off', 'static=on', 'preallocation=full']) {
      await sameMade('vdi', '-o', options, 'd/a.x', size)
    }
  }
  for (const word of ['preallocation=metadata', 'preallocation=foo', 'static=maybe', 'compat6=on', 'help']) {
    await sameMade('vdi', '-o', word, 'd/a.x', '1M')
  }
  for (const size of ['562949819203585', '9223372036854775807']) await sameMade('vdi', 'd/a.x', size)
  await sameMade('vdi', '-b', 'nix', '-F', 'raw', 'd/a.x', '1M')
  await sameMade('vdi', 'd/a.x')
})

test('images of Virtual PC are made of the same bytes, and rounded up alike', { skip }, async () => {
  const more = ['34816', '35000', '69632', '4G', '33G', '136899993600', '136899993601', '2040G', '2190433320961']
  for (const size of [...sizes, ...more, '9223372036854775807']) {
    for (const options of ['subformat=dynamic', 'force_size=on', 'subformat=fixed', 'subformat=fixed,force_size=on']) {
      if (size === '2040G' && options.includes('fixed')) continue
      await sameMade('vpc', '-o', options, 'd/a.x', size)
    }
  }
  for (const word of ['preallocation=metadata', 'subformat=foo', 'force_size=5', 'help']) {
    await sameMade('vpc', '-o', word, 'd/a.x', '1M')
  }
})

const subformats = [
  'monolithicSparse',
  'monolithicFlat',
  'twoGbMaxExtentSparse',
  'twoGbMaxExtentFlat',
  'streamOptimized',
]

test('images of VMware are made of the same bytes, with the files of their parts', { skip }, async () => {
  for (const subformat of subformats) {
    for (const size of sizes) await sameMade('vmdk', '-o', `subformat=${subformat}`, 'd/a.x', size)
    await sameMade('vmdk', '-o', `subformat=${subformat},zeroed_grain=on`, 'd/a.x', '1M')
    await sameMade('vmdk', '-o', `subformat=${subformat}`, 'd/name', '1M')
  }
  const words = ['hwversion=6', 'compat6=on', 'compat6=on,hwversion=undefined', 'compat6=on,hwversion=4']
  const wrong = ['adapter_type=IDE', 'subformat=foo', 'preallocation=metadata', 'preallocation=full', 'help']
  for (const adapter of ['buslogic', 'lsilogic', 'legacyESX']) words.push(`adapter_type=${adapter},toolsversion=77`)
  for (const word of [...words, ...wrong]) await sameMade('vmdk', '-o', word, 'd/a.x', '20G')
})

test('an image of VMware names the one behind it, which must be one', { skip }, async () => {
  theirs('create', '-f', 'vmdk', 'base', '3M')
  theirs('create', '-f', 'raw', 'raw', '1M')
  for (const subformat of subformats) {
    await sameMade('vmdk', '-b', '../base', '-F', 'vmdk', '-o', `subformat=${subformat}`, 'd/a.x')
  }
  await sameMade('vmdk', '-b', '../base', '-F', 'vmdk', 'd/a.x', '1M')
  await sameMade('vmdk', '-b', '../base', '-F', 'raw', 'd/a.x', '1M')
  await sameMade('vmdk', '-b', '../raw', '-F', 'raw', 'd/a.x')
  await sameMade('vmdk', '-b', 'nix', '-F', 'vmdk', 'd/a.x')
})

test('an image that would have to be written is refused before there is one', { skip }, async () => {
  theirs('create', '-f', 'raw', 'raw', '1M')
  for (const format of ['vdi', 'vpc', 'vmdk']) {
    const { status, error } = await ours('convert', '-O', format, 'raw', 'd/a.x')
    const text = `d/a.x: error while converting ${format}: Images of format '${format}' are read only in this version`
    assert.deepEqual([status, error, readdirSync('d')], [1, `vmon img: ${text}\n`, []])
  }
})
