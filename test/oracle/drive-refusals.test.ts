import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { refusals } from './drive-refusals.ts'
import { missingProgram } from './peers.ts'

test('QEMU refuses drives in the words that we have taken from it', {
  skip: missingProgram('qemu-system-i386'),
}, async () => {
  const left = [...refusals]
  const worker = async (): Promise<void> => {
    // Each worker has its images for itself: QEMU locks them.
    const folder = mkdtempSync(join(tmpdir(), 'vmon-oracle-'))
    for (const name of ['d.raw', 'e.raw']) {
      writeFileSync(join(folder, name), '')
      truncateSync(join(folder, name), 2 ** 20)
    }
    try {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const [drives, , text] = next
        assert.equal(await qemuSays(drives, folder), text, drives)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  await Promise.all(Array.from({ length: 4 }, worker))
})

/** What QEMU prints before it gives up, without its name and the option that it complains of. */
function qemuSays(drives: string, cwd: string): Promise<string> {
  const options = drives.split(' ').flatMap((drive) => ['-drive', drive])
  return new Promise((resolve) =>
    execFile(
      'qemu-system-i386',
      ['-display', 'none', '-S', '-nodefaults', ...options],
      { cwd, timeout: 300_000, env: { ...process.env, LC_ALL: 'C' } },
      (_error, _stdout, stderr) => {
        const lines = stderr.trimEnd().split('\n')
        const said = lines.filter((line) => !line.startsWith('WARNING: ') && !line.startsWith('         ')).join('\n')
        resolve(said.replace(/^qemu-system-i386: (-drive \S+: )?/, ''))
      },
    ),
  )
}
