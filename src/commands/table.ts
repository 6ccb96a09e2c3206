import { blockEvents, jobEvents } from '../block/index.ts'
import { deviceEvents } from '../devices/index.ts'
import { dumpEvents } from '../dump/index.ts'
import { migrationEvents } from '../migration/index.ts'
import { exportEvents } from '../nbd-server/index.ts'
import type { ArgsOf, CommandTable, NeedsOf, ReturnOf } from '../qapi/index.ts'
import { runStateEvents } from '../runstate/index.ts'
import { spiceEvents } from '../spice-server/index.ts'
import { vncEvents } from '../vnc/index.ts'
import { absentCommands } from './absent.ts'
import { balloonCommands } from './balloon.ts'
import { blockCommands } from './block.ts'
import { blockBackupCommands } from './block-backups.ts'
import { blockBitmapCommands } from './block-bitmaps.ts'
import { blockCopyCommands } from './block-copies.ts'
import { blockDebugCommands } from './block-debug.ts'
import { blockExportCommands } from './block-exports.ts'
import { blockGraphCommands } from './block-graph.ts'
import { blockMediaCommands } from './block-media.ts'
import { blockTuningCommands } from './block-tuning.ts'
import { chardevCommands } from './chardev.ts'
import { consoleCommands } from './console.ts'
import { cpuCommands } from './cpu.ts'
import { descriptorCommands } from './descriptors.ts'
import { deviceStateCommands } from './device-state.ts'
import { deviceCommands } from './devices.ts'
import { dirtyRateCommands } from './dirty-rate.ts'
import { dumpCommands } from './dump.ts'
import { enclaveCommands } from './enclaves.ts'
import { forkCommands } from './fork.ts'
import { humanMonitorCommands } from './human-monitor.ts'
import { humanTextCommands } from './human-text.ts'
import { inputCommands } from './input.ts'
import { jobCommands } from './jobs.ts'
import { killCommands } from './kill.ts'
import { machineCommands } from './machine.ts'
import { managementCommands } from './management.ts'
import { memoryCommands } from './memory.ts'
import { migrationCommands } from './migration.ts'
import { migrationAbsentCommands } from './migration-absent.ts'
import { migrationSettingCommands } from './migration-settings.ts'
import { netdevInfoCommands } from './netdev-info.ts'
import { networkCommands } from './network.ts'
import { networkEvents } from './network-events.ts'
import { objectCommands } from './objects.ts'
import { pciCommands } from './pci.ts'
import { preconfigCommands } from './preconfig.ts'
import { protocolCommands } from './protocol.ts'
import { qomCommands } from './qom.ts'
import { replayCommands } from './replay.ts'
import { runCommands } from './run.ts'
import { screenCommands } from './screen.ts'
import { snapshotCommands } from './snapshots.ts'
import { spiceCommands } from './spice.ts'
import { tracingCommands } from './tracing.ts'
import { virtioCommands } from './virtio.ts'
import { vmGenerationCommands } from './vm-generation.ts'
import { vncCommands } from './vnc.ts'
import { yankCommands } from './yank.ts'

/** THE TABLE: every command of the protocol, joined from the families. */
export const commands = {
  ...runCommands,
  ...blockCommands,
  ...blockMediaCommands,
  ...blockTuningCommands,
  ...blockGraphCommands,
  ...blockDebugCommands,
  ...blockBitmapCommands,
  ...blockExportCommands,
  ...blockCopyCommands,
  ...blockBackupCommands,
  ...jobCommands,
  ...chardevCommands,
  ...descriptorCommands,
  ...screenCommands,
  ...vncCommands,
  ...spiceCommands,
  ...inputCommands,
  ...memoryCommands,
  ...dumpCommands,
  ...migrationCommands,
  ...migrationSettingCommands,
  ...migrationAbsentCommands,
  ...dirtyRateCommands,
  ...deviceStateCommands,
  ...snapshotCommands,
  ...forkCommands,
  ...vmGenerationCommands,
  ...killCommands,
  ...yankCommands,
  ...cpuCommands,
  ...pciCommands,
  ...machineCommands,
  ...managementCommands,
  ...deviceCommands,
  ...networkCommands,
  ...balloonCommands,
  ...virtioCommands,
  ...qomCommands,
  ...objectCommands,
  ...consoleCommands,
  ...netdevInfoCommands,
  ...humanMonitorCommands,
  ...enclaveCommands,
  ...humanTextCommands,
  ...preconfigCommands,
  ...replayCommands,
  ...tracingCommands,
  ...absentCommands,
  ...protocolCommands,
}

/** The families, each a page of the documentation. */
export const families: Readonly<Record<string, { readonly title: string; readonly commands: CommandTable }>> = {
  run: { title: 'Starting, stopping, resetting and ending the machine', commands: runCommands },
  block: { title: 'Drives and their images', commands: blockCommands },
  'block-media': { title: 'Trays and media', commands: blockMediaCommands },
  'block-tuning': { title: 'Sizes of images, limits and statistics of drives', commands: blockTuningCommands },
  'block-graph': { title: 'Nodes, snapshots and transactions', commands: blockGraphCommands },
  'block-debug': { title: 'The block graph as it is', commands: blockDebugCommands },
  'block-bitmaps': { title: 'Dirty bitmaps', commands: blockBitmapCommands },
  'block-exports': { title: 'Images for others, over NBD', commands: blockExportCommands },
  'block-copies': { title: 'Jobs that copy images', commands: blockCopyCommands },
  'block-backups': { title: 'Jobs that copy an image as it was', commands: blockBackupCommands },
  jobs: { title: 'What jobs there are, and what is asked of them', commands: jobCommands },
  chardev: { title: 'Character devices', commands: chardevCommands },
  descriptors: { title: 'Descriptors that clients pass', commands: descriptorCommands },
  screen: { title: "Pictures of the guest's screen", commands: screenCommands },
  vnc: { title: 'VNC displays', commands: vncCommands },
  spice: { title: 'The SPICE server', commands: spiceCommands },
  input: { title: 'Keyboard and pointing devices', commands: inputCommands },
  memory: { title: 'Guest memory in files', commands: memoryCommands },
  dump: { title: 'Guest memory for debuggers', commands: dumpCommands },
  migration: { title: 'Sending the machine elsewhere, and taking one that comes', commands: migrationCommands },
  'migration-settings': { title: 'What limits migrations, and what they can have', commands: migrationSettingCommands },
  'migration-absent': { title: 'Kinds of migration that there are not here', commands: migrationAbsentCommands },
  'dirty-rate': { title: 'How much of its memory the guest changes', commands: dirtyRateCommands },
  'device-state': { title: 'CPU and devices in a file', commands: deviceStateCommands },
  snapshots: { title: 'Snapshots of the whole machine', commands: snapshotCommands },
  fork: { title: "vmon's own: machines that go on from where this one stands", commands: forkCommands },
  'vm-generation': { title: "The machine's generation", commands: vmGenerationCommands },
  kill: { title: "vmon's own: the end of the machine as by a crash", commands: killCommands },
  yank: { title: 'Connections that hang', commands: yankCommands },
  cpu: { title: 'What the CPUs do', commands: cpuCommands },
  pci: { title: 'The PCI bus', commands: pciCommands },
  machine: { title: 'What the machine is', commands: machineCommands },
  management: { title: 'What management programs ask', commands: managementCommands },
  devices: { title: 'Devices that come and go', commands: deviceCommands },
  network: { title: 'The network', commands: networkCommands },
  balloon: { title: "The guest's memory balloon", commands: balloonCommands },
  virtio: { title: 'Virtio devices and their queues', commands: virtioCommands },
  qom: { title: 'Objects, their properties and their types', commands: qomCommands },
  objects: { title: 'Objects that users make', commands: objectCommands },
  console: { title: "vmon's own: what the screen says, and what the guest has typed", commands: consoleCommands },
  'netdev-info': { title: "vmon's own: what networks carry", commands: netdevInfoCommands },
  'human-monitor': { title: 'The human monitor', commands: humanMonitorCommands },
  enclaves: { title: 'Guests that are hidden from their host', commands: enclaveCommands },
  'human-text': { title: 'What the human monitor tells as text', commands: humanTextCommands },
  preconfig: { title: 'What is said before there is a machine', commands: preconfigCommands },
  replay: { title: 'Executions that are recorded and replayed', commands: replayCommands },
  tracing: { title: 'Trace events', commands: tracingCommands },
  absent: { title: 'What this machine does not have', commands: absentCommands },
  protocol: { title: 'The protocol about itself', commands: protocolCommands },
}

/** Every event of the protocol, joined from the rooms that emit them. */
export const events = {
  ...runStateEvents,
  ...blockEvents,
  ...exportEvents,
  ...jobEvents,
  ...vncEvents,
  ...spiceEvents,
  ...deviceEvents,
  ...networkEvents,
  ...migrationEvents,
  ...dumpEvents,
}

export type Commands = typeof commands
export type Events = typeof events
/** The parts that a machine must have so that every command can run. */
export type MachineParts = NeedsOf<Commands>
export type CommandName = keyof Commands & string
export type Arguments<Name extends CommandName> = ArgsOf<Commands[Name]>
export type Returned<Name extends CommandName> = ReturnOf<Commands[Name]>
