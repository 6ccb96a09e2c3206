import { blockEvents } from '../block/index.ts'
import type { ArgsOf, CommandTable, NeedsOf, ReturnOf } from '../qapi/index.ts'
import { runStateEvents } from '../runstate/index.ts'
import { blockCommands } from './block.ts'
import { blockGraphCommands } from './block-graph.ts'
import { blockMediaCommands } from './block-media.ts'
import { blockTuningCommands } from './block-tuning.ts'
import { chardevCommands } from './chardev.ts'
import { consoleCommands } from './console.ts'
import { cpuCommands } from './cpu.ts'
import { inputCommands } from './input.ts'
import { machineCommands } from './machine.ts'
import { memoryCommands } from './memory.ts'
import { pciCommands } from './pci.ts'
import { protocolCommands } from './protocol.ts'
import { runCommands } from './run.ts'
import { screenCommands } from './screen.ts'

/** THE TABLE: every command of the protocol, joined from the families. */
export const commands = {
  ...runCommands,
  ...blockCommands,
  ...blockMediaCommands,
  ...blockTuningCommands,
  ...blockGraphCommands,
  ...chardevCommands,
  ...screenCommands,
  ...inputCommands,
  ...memoryCommands,
  ...cpuCommands,
  ...pciCommands,
  ...machineCommands,
  ...consoleCommands,
  ...protocolCommands,
}

/** The families, each a page of the documentation. */
export const families: Readonly<Record<string, { readonly title: string; readonly commands: CommandTable }>> = {
  run: { title: 'Starting, stopping, resetting and ending the machine', commands: runCommands },
  block: { title: 'Drives and their images', commands: blockCommands },
  'block-media': { title: 'Trays and media', commands: blockMediaCommands },
  'block-tuning': { title: 'Sizes of images, limits and statistics of drives', commands: blockTuningCommands },
  'block-graph': { title: 'Nodes, snapshots and transactions', commands: blockGraphCommands },
  chardev: { title: 'Character devices', commands: chardevCommands },
  screen: { title: "Pictures of the guest's screen", commands: screenCommands },
  input: { title: 'Keyboard and pointing devices', commands: inputCommands },
  memory: { title: 'Guest memory in files', commands: memoryCommands },
  cpu: { title: 'What the CPUs do', commands: cpuCommands },
  pci: { title: 'The PCI bus', commands: pciCommands },
  machine: { title: 'What the machine is', commands: machineCommands },
  console: { title: "vmon's own: what the screen says, and what the guest has typed", commands: consoleCommands },
  protocol: { title: 'The protocol about itself', commands: protocolCommands },
}

/** Every event of the protocol, joined from the rooms that emit them. */
export const events = {
  ...runStateEvents,
  ...blockEvents,
}

export type Commands = typeof commands
export type Events = typeof events
/** The parts that a machine must have so that every command can run. */
export type MachineParts = NeedsOf<Commands>
export type CommandName = keyof Commands & string
export type Arguments<Name extends CommandName> = ArgsOf<Commands[Name]>
export type Returned<Name extends CommandName> = ReturnOf<Commands[Name]>
