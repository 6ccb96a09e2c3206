import type { ArgsOf, NeedsOf, ReturnOf } from '../qapi/index.ts'
import { runStateEvents } from '../runstate/index.ts'
import { blockCommands } from './block.ts'
import { chardevCommands } from './chardev.ts'
import { cpuCommands } from './cpu.ts'
import { inputCommands } from './input.ts'
import { machineCommands } from './machine.ts'
import { memoryCommands } from './memory.ts'
import { protocolCommands } from './protocol.ts'
import { runCommands } from './run.ts'
import { screenCommands } from './screen.ts'

/** THE TABLE: every command of the protocol, joined from the families. */
export const commands = {
  ...runCommands,
  ...blockCommands,
  ...chardevCommands,
  ...screenCommands,
  ...inputCommands,
  ...memoryCommands,
  ...cpuCommands,
  ...machineCommands,
  ...protocolCommands,
}

/** Every event of the protocol, joined from the rooms that emit them. */
export const events = {
  ...runStateEvents,
}

export type Commands = typeof commands
export type Events = typeof events
/** The parts that a machine must have so that every command can run. */
export type MachineParts = NeedsOf<Commands>
export type CommandName = keyof Commands & string
export type Arguments<Name extends CommandName> = ArgsOf<Commands[Name]>
export type Returned<Name extends CommandName> = ReturnOf<Commands[Name]>
