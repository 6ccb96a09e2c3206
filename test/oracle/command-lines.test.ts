import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { refusals } from './command-lines.ts'
import { flashRefusals } from './flash-lines.ts'
import { refusedJoins } from './joined-twice.ts'
import { objectRefusals } from './object-lines.ts'
import { missingProgram } from './peers.ts'
import { portRefusals } from './port-lines.ts'
import { vncRefusals } from './vnc-lines.ts'

let folder: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'vmon-command-lines-'))
  writeFileSync(join(folder, 'd.raw'), new Uint8Array(2 ** 20 + 1))
  writeFileSync(join(folder, 'text'), 'no kernel')
  writeFileSync(join(folder, 'bad.conf'), '# two lines\n[bogus]\n  x = "1"\n')
})

after(() => rmSync(folder, { recursive: true }))

test(
  'QEMU refuses command lines in the words that we have taken from it',
  {
    skip: missingProgram('qemu-system-i386'),
  },
  () => allRefused('qemu-system-i386', []),
)

test('vmon refuses the same command lines in the same words', () =>
  allRefused(process.execPath, [resolve('bin/vmon.js')]))

async function allRefused(program: string, first: readonly string[]): Promise<void> {
  const left = [...refusals, ...flashRefusals, ...refusedJoins, ...vncRefusals, ...portRefusals, ...objectRefusals]
  const wrong: unknown[] = []
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [words, expected] = next
      const { said, status } = await run(program, [...first, ...quiet(words), ...words])
      if (said !== expected || status !== 1) wrong.push({ words, said, expected, status })
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  assert.deepEqual(wrong, [])
}

/** Keeps QEMU from opening a window, where the words themselves say nothing about displays. */
function quiet(words: readonly string[]): string[] {
  return words.includes('-display') ? ['-S'] : ['-S', '-display', 'none']
}

/** What a program says on standard error without its name, and its exit status. */
function run(program: string, words: readonly string[]): Promise<{ said: string; status: number }> {
  return new Promise((done) => {
    const options = { cwd: folder, timeout: 300_000, env: { ...process.env, LC_ALL: 'C' } }
    const child = execFile(program, words, options, (_error, _stdout, stderr) => {
      const said = stderr.trimEnd().replaceAll(/^(?:qemu|qemu-system-i386|vmon): ?/gm, '')
      done({ said, status: child.exitCode ?? -1 })
    })
  })
}
