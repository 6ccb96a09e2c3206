import { existsSync } from 'node:fs'
import { BoardError } from '../board/index.ts'
import { type RunningMachine, startMachine } from '../embedding/index.ts'
import {
  ConfigError,
  checkMembers,
  type MachineOptions,
  type MachineSurroundings,
  type MemberKinds,
} from '../machine/index.ts'

export interface Preparation {
  /** The file that keeps the prepared machine's state. Let its name tell of which guest and options it is. */
  readonly state: string
  /** Brings a machine that has just been started to where tests begin: a shell's prompt, say. */
  readonly prepare: (machine: RunningMachine) => Promise<unknown>
  readonly surroundings?: Omit<MachineSurroundings, 'savedState'> & { readonly savedState?: never }
}

/**
 * Starts a machine whose guest has been prepared, which takes a second instead of a boot: the first call boots it and
 * saves its state, later ones, in other processes too, go on from there. A state that does not fit any more (another
 * release of vmon, other options) is made anew.
 *
 * The media are not in the state: give each machine a copy of what the prepared one had. A guest that has mounted a disk
 * must find it as it left it.
 *
 * @throws {ConfigError} as `startMachine`
 * @throws {BoardError} as `startMachine`
 */
export async function startPrepared(options: MachineOptions, preparation: Preparation): Promise<RunningMachine> {
  checkMembers('preparation', preparation, kinds)
  const { state, prepare, surroundings = {} } = preparation
  for (const name of ['state', 'prepare'] as const)
    if (preparation[name] === undefined) throw ConfigError.at(name, 'it is needed')
  if (surroundings.savedState !== undefined) throw ConfigError.at('savedState', 'there is no such option')
  const restored = await restoredFrom(state, options, surroundings)
  if (restored !== undefined) return restored
  const machine = await startMachine(options, surroundings)
  try {
    await prepare(machine)
    await machine.machine.save(state)
    return machine
  } catch (error) {
    await machine.close()
    throw error
  }
}

const kinds: MemberKinds<Preparation> = { state: 'text', prepare: 'function', surroundings: 'object' }

/** @returns undefined if there is no state yet, or one that is not for this machine */
async function restoredFrom(
  state: string,
  options: MachineOptions,
  surroundings: MachineSurroundings,
): Promise<RunningMachine | undefined> {
  if (!existsSync(state)) return undefined
  return await startMachine(options, { ...surroundings, savedState: state }).catch((error: unknown) => {
    if (error instanceof BoardError && error.kind === 'state') return undefined
    throw error
  })
}
