/**
 * Checks the package as it would be published: publint for its manifest and files, "are the types wrong" for what its doors
 * declare.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'vmon-published-'))

function run(command: string, args: readonly string[]): boolean {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  return status === 0
}

try {
  let good = run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder])
  const file = join(folder, readdirSync(folder)[0]!)
  const programs = 'node_modules/.bin'
  good = run(`${programs}/publint`, ['--strict', file]) && good
  good = run(`${programs}/attw`, ['--profile', 'esm-only', '--format', 'ascii', '--no-color', file]) && good
  process.exitCode = good ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}
