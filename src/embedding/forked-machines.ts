/** What tests of forks have in common. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { RunningMachine } from './start-machine.ts'

export const options = { accel: 'none', memory: 16 } as const

/** A folder until the test ends. */
export async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vmon-fork-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

/** Writes a byte to the sector at 4 KiB of the first disk, as its guest would. */
export async function write({ qmp }: Pick<RunningMachine, 'qmp'>, pattern: number): Promise<void> {
  for (const line of [`write -P ${pattern} 4k 512`, 'flush'])
    await qmp.execute('human-monitor-command', { 'command-line': `qemu-io ide0-hd0 "${line}"` })
}
