import { type RunningMachine, startMachine } from '../embedding/index.ts'
import type { MachineOptions } from '../machine/index.ts'

/**
 * Runs `use` with a machine and ends the machine afterwards, also if `use` throws.
 *
 * Without other wishes the machine never executes (`accel: 'none'`): it starts in a millisecond, and answers QMP as one
 * that runs.
 */
export async function withMachine<T>(
  use: (machine: RunningMachine) => Promise<T>,
  options: MachineOptions = {},
): Promise<T> {
  await using machine = await startMachine({ accel: 'none', ...options })
  return await use(machine)
}
