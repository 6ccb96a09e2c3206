import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { print } from '../../json/index.ts'
import {
  blockInfo,
  connectPcDrives,
  DriveSet,
  type DriveShorthand,
  driveFromOptions,
  shorthandDrive,
} from '../index.ts'

interface Recording {
  readonly name: string
  readonly setup: readonly string[]
  readonly prepare?: readonly string[]
  readonly steps: readonly { readonly expect: readonly string[] }[]
  readonly stderr?: readonly string[]
}

/** What QEMU 7.2 said to query-block, machine by machine. */
const recordings: readonly Recording[] = JSON.parse(readFileSync('test/transcripts/drives.json', 'utf8'))

for (const recording of recordings) {
  test(`query-block shows what QEMU shows: ${recording.name}`, async () => {
    const start = process.cwd()
    const folder = mkdtempSync(join(tmpdir(), 'vmon-drives-'))
    const warnings: string[] = []
    const drives = new DriveSet({ warn: (text) => warnings.push(...text.split('\n')) })
    try {
      for (const command of recording.prepare ?? []) execFileSync('sh', ['-c', command], { cwd: folder })
      // File names in replies are relative, as they were for QEMU.
      process.chdir(folder)
      await configure(drives, recording.setup)
      const reply = print({ return: await blockInfo(drives) })
      assert.equal(masked(reply), recording.steps[0]!.expect[0]!)
      assert.deepEqual(warnings, recording.stderr ?? [])
    } finally {
      await drives.close()
      process.chdir(start)
      rmSync(folder, { recursive: true })
    }
  })
}

/** Plays QEMU's command line: every case uses `-drive` without escapes, or a shorthand. */
async function configure(drives: DriveSet, setup: readonly string[]): Promise<void> {
  const defaults = !setup.includes('-nodefaults')
  for (const [index, option] of setup.entries()) {
    const value = setup[index + 1]!
    if (option === '-drive') {
      await drives.add(driveFromOptions(Object.fromEntries(value.split(',').map((part) => part.split(/=(.*)/, 2)))))
    } else if (/^-(hd|fd|cdrom)/.test(option)) {
      await drives.add(driveFromOptions(shorthandDrive(option.slice(1) as DriveShorthand, value)))
    }
  }
  if (defaults) drives.addDefaults()
  const count = defaults ? 1 : 0
  await connectPcDrives(drives, { vga: defaults, serialPorts: count, parallelPorts: count, networkCards: count })
}

/** Generated names and sizes on the disk differ from run to run. */
function masked(reply: string): string {
  return reply.replace(/#block\d+/g, '#blockNNN').replace(/"actual-size": \d+/g, '"actual-size": "@num@"')
}
