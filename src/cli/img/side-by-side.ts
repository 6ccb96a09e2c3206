import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runImg } from './img.ts'

/** For tests: makes a folder of its own the current one. @returns what removes it */
export function enterFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-img-'))
  const home = process.cwd()
  process.chdir(folder)
  return () => {
    process.chdir(home)
    rmSync(folder, { recursive: true })
  }
}

/** What a program has said. */
export interface Said {
  readonly status: number
  readonly out: string
  readonly error: string
}

/** Runs `vmon img` in this process. */
export async function ours(...argv: string[]): Promise<Said> {
  let [out, error] = ['', '']
  const status = await runImg(argv, {
    out: (text) => void (out += text),
    complain: (text) => void (error += `vmon img: ${text}\n`),
    warn: (text) => void (error += `${text}\n`),
  })
  return { status, out, error }
}

/** Runs qemu-img, whose name becomes ours in what it says. */
export function theirs(...argv: string[]): Said {
  const { status, stdout, stderr } = spawnSync('qemu-img', argv, { encoding: 'utf8' })
  // It measures how fast it is before it encrypts, and gives up where others take its time.
  if (stderr.includes('Unable to get accurate CPU usage')) return theirs(...argv)
  return {
    status: status ?? -1,
    out: stdout,
    error: stderr.replaceAll('qemu-img', 'vmon img').replace(/([^\n])$/, '$1\n'),
  }
}

/** Both are asked for the same thing, which changes nothing, and must say the same. */
export async function same(...argv: string[]): Promise<void> {
  assert.deepEqual(await ours(...argv), theirs(...argv), argv.join(' '))
}
