import type { SnapshotSet } from '../block/index.ts'
import type { Board } from '../board/index.ts'
import type { MachineParts } from '../commands/index.ts'
import type { ExtraDevices } from '../devices/index.ts'
import type { InputHandlers } from '../input/index.ts'
import type { LogControl } from '../log/index.ts'
import type { NetSet } from '../net/index.ts'
import { absentCommands } from './commands/absent.ts'
import { blockCommands } from './commands/block.ts'
import { chardevCommands } from './commands/chardev.ts'
import { descriptorCommands } from './commands/descriptors.ts'
import { deviceCommands } from './commands/devices.ts'
import { dirtyRateCommands } from './commands/dirty-rate.ts'
import { driveCommands } from './commands/drives.ts'
import { dumpCommands } from './commands/dump.ts'
import { hardwareCommands } from './commands/hardware.ts'
import { helpCommands } from './commands/help.ts'
import { inputCommands } from './commands/input.ts'
import { jobCommands } from './commands/jobs.ts'
import { mediaCommands } from './commands/media.ts'
import { memoryCommands } from './commands/memory.ts'
import { migrationCommands } from './commands/migration.ts'
import { nbdCommands } from './commands/nbd.ts'
import { networkCommands } from './commands/network.ts'
import { objectCommands } from './commands/objects.ts'
import { type BlockIoPart, qemuIoCommands } from './commands/qemu-io.ts'
import { runCommands } from './commands/run.ts'
import { screenCommands } from './commands/screen.ts'
import { snapshotCommands } from './commands/snapshots.ts'
import { tracingCommands } from './commands/tracing.ts'
import { vncCommands } from './commands/vnc.ts'
import type { HmpCommand } from './hmp-command.ts'
import { absentTopics } from './info/absent.ts'
import { blockTopics } from './info/block.ts'
import { cpuTopics } from './info/cpu.ts'
import { deviceTopics } from './info/devices.ts'
import { dirtyRateTopics } from './info/dirty-rate.ts'
import { dumpTopics } from './info/dump.ts'
import { interruptTopics } from './info/interrupts.ts'
import { jobTopics } from './info/jobs.ts'
import { machineTopics } from './info/machine.ts'
import { memoryTopics } from './info/memory.ts'
import { migrationTopics } from './info/migration.ts'
import { networkTopics } from './info/network.ts'
import { objectTopics } from './info/objects.ts'
import { pciTopics } from './info/pci.ts'
import { type MemoryBackend, type Rom, ramTopics } from './info/ram.ts'
import { snapshotTopics } from './info/snapshots.ts'
import { spiceTopics } from './info/spice.ts'
import { tracingTopics } from './info/tracing.ts'
import { virtioTopics } from './info/virtio.ts'
import { vncTopics } from './info/vnc.ts'

/** What the human monitor looks at beside the parts that QMP commands act on. */
export interface HmpParts extends Omit<MachineParts, 'inputHandlers' | 'devices' | 'networks'> {
  readonly networks: NetSet
  readonly devices: ExtraDevices
  readonly guest: Pick<
    Board,
    | 'registers'
    | 'readPhysical'
    | 'readVirtual'
    | 'readPort'
    | 'writePort'
    | 'setBootOrder'
    | 'ramBytes'
    | 'biosBytes'
    | 'flash'
    | 'pci'
    | 'interruptControllers'
    | 'codeCache'
    | 'kind'
  >
  readonly inputHandlers: InputHandlers
  readonly snapshotSet: SnapshotSet
  readonly blockIo: BlockIoPart
  readonly heldButtons: { mask: number }
  /** Undefined if the log is not the monitor's to change. */
  readonly logControl: LogControl | undefined
  /** What the firmware is made of, beside what devices bring. */
  readonly roms: () => Promise<readonly Rom[]>
  /** The one that is the RAM before all others. */
  readonly memoryBackends: readonly MemoryBackend[]
}

/** Every topic of `info`. */
export const infoTable: Readonly<Record<string, HmpCommand<HmpParts>>> = {
  ...absentTopics,
  ...machineTopics,
  ...cpuTopics,
  ...blockTopics,
  ...jobTopics,
  ...pciTopics,
  ...spiceTopics,
  ...vncTopics,
  ...networkTopics,
  ...virtioTopics,
  ...memoryTopics,
  ...dumpTopics,
  ...ramTopics,
  ...migrationTopics,
  ...dirtyRateTopics,
  ...snapshotTopics,
  ...interruptTopics,
  ...deviceTopics,
  ...objectTopics,
  ...tracingTopics,
}

/** Every command of the human monitor. */
export const commandTable: Readonly<Record<string, HmpCommand<HmpParts>>> = {
  ...absentCommands,
  ...helpCommands(() => ({ commands: commandTable, info: infoTable })),
  ...runCommands,
  ...mediaCommands,
  ...blockCommands,
  ...driveCommands,
  ...jobCommands,
  ...qemuIoCommands,
  ...nbdCommands,
  ...networkCommands,
  ...inputCommands,
  ...screenCommands,
  ...vncCommands,
  ...memoryCommands,
  ...dumpCommands,
  ...migrationCommands,
  ...dirtyRateCommands,
  ...snapshotCommands,
  ...hardwareCommands,
  ...descriptorCommands,
  ...deviceCommands,
  ...tracingCommands,
  ...objectCommands,
  ...chardevCommands,
}
