import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const contrib = fileURLToPath(new URL('../../../contrib/', import.meta.url))

/** A program in vmon's place: it notes its words, and a machine ends when it has been told to go on or to end. */
const inPlace = `#!/bin/sh
said=\${0%/*}/said
echo "$*" >> "$said"
case "$*" in
  *"\${FAILS:-nothing}"*) echo cannot; exit 1 ;;
  *"\${COMPLAINS:-nothing}"*) echo 'Error: no room' ;;
  'img snapshot '*) echo '1 parked 1 MiB' ;;
  'img create '*) for last; do :; done; touch "$last"; [ -z "\${CUT:-}" ] || exit 1 ;;
  -name*) until grep -q -e 'sock cont' -e 'sock quit' "$said"; do sleep 0.02; done ;;
esac
`

async function run(t: TestContext, words: readonly string[], variables: Record<string, string> = {}, made = '') {
  const folder = made || (await mkdtemp(join(tmpdir(), 'vmon-container-')))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'bin'), { recursive: true })
  await writeFile(join(folder, 'bin', 'vmon'), inPlace, { mode: 0o755 })
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, ...variables }
  const status = await new Promise<number>((resolve) => {
    execFile('sh', words, { cwd: folder, env }, (error) => resolve(error === null ? 0 : Number(error.code)))
  })
  const lines = (await readFile(join(folder, 'bin', 'said'), 'utf8')).trim().split('\n')
  const orders = lines.filter((line) => line.startsWith('shell ')).map((line) => line.replace(/^.*\.sock /, ''))
  return { folder, status, lines, orders }
}

test('park keeps the machine, and lets one that cannot be kept run on', async (t) => {
  const park = [join(contrib, 'container', 'park')]
  const kept = await run(t, park)
  assert.deepEqual([kept.status, kept.orders], [0, ['stop', 'delvm parked', 'savevm parked', 'quit']])
  const full = await run(t, park, { COMPLAINS: 'savevm' })
  assert.deepEqual([full.status, full.orders], [1, ['stop', 'delvm parked', 'savevm parked', 'cont']])
  const deaf = await run(t, park, { FAILS: 'savevm' })
  assert.deepEqual([deaf.status, deaf.orders], [1, ['stop', 'delvm parked', 'savevm parked', 'cont']])
})

test('a machine that was parked runs only when it can no more be gone on from there', async (t) => {
  const machine = [join(contrib, 'container', 'machine'), '-nic', 'none']
  const { status, lines, orders } = await run(t, machine)
  assert.deepEqual([status, orders], [0, ['delvm parked', 'cont']])
  assert.match(lines.find((line) => line.startsWith('-name'))!, / -nic none -loadvm parked -S$/)
  const stays = await run(t, machine, { COMPLAINS: 'delvm' })
  assert.deepEqual([stays.status, stays.orders], [0, ['delvm parked', 'quit']])
})

test('a disk that is half made does not pass for a disk', async (t) => {
  const manifest = await readFile(join(contrib, 'kubernetes', 'machine.yaml'), 'utf8')
  const folded = manifest.match(/- >-\n((?: {14}.*\n)+)/)![1]!
  const command = ['-c', folded.replace(/\s+/g, ' ').trim()]
  const cut = await run(t, command, { CUT: 'yes' })
  assert.deepEqual([cut.status, existsSync(join(cut.folder, 'disk.qcow2'))], [1, false])
  const again = await run(t, command, {}, cut.folder)
  assert.deepEqual([again.status, existsSync(join(cut.folder, 'disk.qcow2')), again.lines.length], [0, true, 2])
  assert.equal((await run(t, command, {}, cut.folder)).lines.length, 2)
})
