import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type MachineOptions, type RunningMachine, startMachine } from '../../src/index.ts'

/* Machines for tests of migrations. */

export async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vmon-migration-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

export interface Started extends RunningMachine {
  /** What qemu-io says of a request to the disk. */
  io(line: string): Promise<string>
}

export async function started(t: TestContext, options: MachineOptions): Promise<Started> {
  let printed = ''
  const print = (text: string): void => {
    printed += text
  }
  const vm = await startMachine({ accel: 'none', memory: 16, ...options }, { warn: () => undefined, print })
  t.after(() => vm.close())
  const io = async (line: string): Promise<string> => {
    printed = ''
    const said = await vm.qmp.execute('human-monitor-command', { 'command-line': `qemu-io disk "${line}"` })
    return printed + said
  }
  return { ...vm, io }
}

/** Waits until a migration has ended in one way or another; tells in which. */
export async function ended({ qmp }: RunningMachine): Promise<string> {
  for (;;) {
    const { status } = await qmp.execute('query-migrate')
    if (status === 'completed' || status === 'failed' || status === 'cancelled') return status
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export async function runState({ qmp }: RunningMachine): Promise<string> {
  return (await qmp.execute('query-status')).status
}

/** What is switched on for migrations. */
export async function migrates({ qmp }: RunningMachine): Promise<{ readonly capabilities: readonly string[] }> {
  const all = await qmp.execute('query-migrate-capabilities')
  return { capabilities: all.filter(({ state }) => state).map(({ capability }) => capability) }
}
