import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, same, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img')
after(enterFolder())

const rule = (group: string, lines: readonly string[]): string =>
  `[${group}]\n${lines.map((each) => `${each}\n`).join('')}`

test('blkdebug:CONFIG:IMAGE reads rules from a file, and refuses what QEMU refuses', { skip }, async () => {
  theirs('create', '-q', '-f', 'qcow2', 'image', '1M')
  const configs: Readonly<Record<string, string>> = {
    empty: '',
    comments: `# nothing\n\n${rule('set-state', ['event = "none"', 'new_state = "2"'])}`,
    fails: rule('inject-error', ['event = "none"', 'errno = "28"']),
    group: rule('bogus', ['event = "none"']),
    outside: 'event = "none"\n',
    parameter: rule('inject-error', ['event = "none"', 'bla = "1"']),
    event: rule('inject-error', ['event = "nonsense"']),
    missing: rule('inject-error', ['errno = "5"']),
    unquoted: rule('inject-error', ['event = none']),
    number: rule('set-state', ['event = "none"', 'state = "x"']),
    twice: `${rule('inject-error', ['event = "flush_to_disk"'])}${rule('inject-error', ['event = "none"', 'sector = "0"'])}`,
  }
  for (const [name, text] of Object.entries(configs)) writeFileSync(name, text)
  for (const config of ['', 'absent', '.', ...Object.keys(configs)]) await same('check', `blkdebug:${config}:image`)
  for (const name of ['blkdebug:image', 'blkdebug::', 'blkdebug::absent', 'blkdebug::blkdebug::image']) {
    await same('check', name)
  }
  for (const limits of ['align=4k', 'align=3', 'align=512,max-transfer=700', 'align=512,max-transfer=64k', 'align=0']) {
    await same('check', '--image-opts', `driver=qcow2,file.driver=blkdebug,file.image.filename=image,file.${limits}`)
  }
})

test('an image that cannot be emptied after it was committed is told of', { skip }, async () => {
  writeFileSync('step', rule('inject-error', ['event = "empty_image_prepare"']))
  theirs('create', '-q', '-f', 'raw', 'base', '1M')
  const said: unknown[] = []
  for (const run of [ours, theirs]) {
    theirs('create', '-q', '-f', 'qcow2', '-b', 'base', '-F', 'raw', 'top')
    spawnSync('qemu-io', ['-c', 'write 0 64k', 'top'])
    said.push(await run('commit', 'blkdebug:step:top'))
  }
  assert.deepEqual(said[0], said[1])
})

test('convert --salvage reads what it can where not even the kind of a sector is told', { skip }, async () => {
  const mib = 2 ** 20
  theirs('create', '-q', '-f', 'raw', 'source', '8M')
  const failing = [
    { iotype: 'block-status', sector: 4099 },
    { iotype: 'block-status', sector: 9000 },
    { iotype: 'read', sector: 9000 },
    { iotype: 'read', sector: 9001 },
  ].map((error) => ({ event: 'none', errno: 5, ...error }))
  writeFileSync('source', new Uint8Array(8 * mib).fill(7))
  const image = { driver: 'raw', file: { driver: 'file', filename: 'source' } }
  const source = `json:${JSON.stringify({ driver: 'blkdebug', image, 'inject-error': failing })}`
  assert.deepEqual(
    await ours('convert', '--salvage', '-O', 'raw', source, 'a'),
    theirs('convert', '--salvage', '-O', 'raw', source, 'b'),
  )
  assert.equal(theirs('compare', '-f', 'raw', '-F', 'raw', 'a', 'b').out, 'Images are identical.\n')
  const plain = await ours('convert', '-O', 'raw', source, 'c')
  assert.match(plain.error, /^vmon img: error while reading block status at offset \d+: Input\/output error\n/)
  assert.equal(plain.status, 1)
})
