import {
  BitmapControl,
  type DriveSet,
  DriveTuning,
  type GraphControl,
  JobControl,
  type JobSet,
  MediaControl,
  type SnapshotSet,
} from '../../block/index.ts'
import { BlockIo } from '../../block-io/index.ts'
import type { Board } from '../../board/index.ts'
import type { ChardevSet } from '../../chardev/index.ts'
import { commands as commandTable, events as eventTable, type MachineParts } from '../../commands/index.ts'
import type { FdSets } from '../../descriptors/index.ts'
import { type Balloon, type ExtraDevices, VirtioDevices } from '../../devices/index.ts'
import type { Consoles, ScreenDump } from '../../display/index.ts'
import { GuestDump, MemoryFiles } from '../../dump/index.ts'
import { Interpreter, runForQmp } from '../../hmp/index.ts'
import { InputEvents, type InputHandlers, type SendKey } from '../../input/index.ts'
import { DeviceState, DirtyRate, type MachineSnapshots, type MigrationControl } from '../../migration/index.ts'
import { Dispatcher, type EventHub } from '../../monitor/index.ts'
import type { BlockExports } from '../../nbd-server/index.ts'
import type { NetSet } from '../../net/index.ts'
import type { UserObjects } from '../../objects/index.ts'
import { schemaOf } from '../../qapi/index.ts'
import type { ObjectTree } from '../../qom/index.ts'
import type { RunControl } from '../../runstate/index.ts'
import type { SpiceServer } from '../../spice-server/index.ts'
import type { VncDisplays } from '../../vnc/index.ts'
import type { AbruptEnd } from '../abrupt-end.ts'
import type { BoardFiles } from '../board-config.ts'
import { dumpedMemory } from '../dumped-memory.ts'
import type { Forks } from '../fork/forks.ts'
import { identityOf } from '../identity.ts'
import { romsOf } from '../roms.ts'
import type { YankInstances } from '../yank-instances.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly objectTree: ObjectTree
  readonly userObjects: UserObjects
  readonly boardFiles: Promise<BoardFiles>
  readonly extraDevices: ExtraDevices
  readonly drives: DriveSet
  readonly balloon: Balloon
  readonly graph: GraphControl
  readonly exports: BlockExports
  readonly jobs: JobSet
  readonly chardevs: ChardevSet
  readonly networks: NetSet
  readonly fdSets: FdSets
  readonly runControl: RunControl
  readonly events: EventHub
  readonly migrations: MigrationControl
  readonly snapshots: MachineSnapshots
  readonly snapshotSet: SnapshotSet
  readonly forks: Forks
  readonly abruptEnd: AbruptEnd
  readonly yankInstances: YankInstances
  readonly inputHandlers: InputHandlers
  readonly sendKey: SendKey
  readonly consoles: Consoles
  readonly screenDump: ScreenDump
  readonly vncDisplays: VncDisplays
  readonly spiceServer: SpiceServer | undefined
}

/**
 * What monitors speak: the table of commands over the parts that it acts on (everything that it needs, or this does not
 * compile), and the language of the human monitor over the same parts.
 */
export function commands(needs: Needs): { readonly dispatcher: Dispatcher; readonly interpreter: Interpreter } {
  const {
    config,
    log,
    logControl,
    boardFiles,
    board,
    drives,
    graph,
    exports,
    jobs,
    chardevs,
    fdSets,
    runControl,
    inputHandlers,
    sendKey,
    consoles,
  } = needs
  const hasCpu = config.machine === 'pc'
  const parts: MachineParts = {
    runControl,
    drives,
    media: new MediaControl(drives),
    tuning: new DriveTuning(drives),
    bitmaps: new BitmapControl(drives),
    graph,
    exports,
    jobs,
    jobControl: new JobControl(drives, jobs),
    chardevs,
    networks: needs.networks,
    fdSets,
    sendKey,
    inputHandlers,
    inputEvents: inputEventsOf(needs),
    consoles,
    vncDisplays: needs.vncDisplays,
    spiceServer: needs.spiceServer,
    displayOptions: config.windows,
    keyboard: board.keyboard,
    screenDump: needs.screenDump,
    migrations: needs.migrations,
    dirtyRate: new DirtyRate(board, runControl.signal),
    deviceState: new DeviceState(board, runControl),
    snapshots: needs.snapshots,
    forks: needs.forks,
    abruptEnd: needs.abruptEnd,
    yankInstances: needs.yankInstances,
    memoryFiles: new MemoryFiles(board),
    guestDump: new GuestDump({
      board,
      guest: runControl,
      memory: () => dumpedMemory(board),
      hasCpu,
      incoming: () => runControl.state === 'inmigrate',
      emit: (name, ...[data]) => needs.events.emit(name, data),
    }),
    cpus: {
      count: hasCpu ? 1 : 0,
      status: async () => (hasCpu ? [await board.cpu()] : []),
      injectNmi: () => board.injectNmi(),
    },
    pci: { functions: async () => (hasCpu ? board.pci() : undefined) },
    identity: identityOf(config),
    objectTree: needs.objectTree,
    userObjects: needs.userObjects,
    devices: needs.extraDevices,
    balloon: needs.balloon,
    virtioDevices: new VirtioDevices({
      devices: needs.extraDevices,
      inspect: (path, question) => board.inspect(path, question),
    }),
    catalog,
    humanMonitor: {
      run: (line, cpuIndex) => runForQmp(interpreter, line, cpuIndex),
      topic: (name) => interpreter.topic(name),
    },
  }
  const blockIo = { io: new BlockIo(), print: needs.print ?? unheard, warn: needs.warn ?? unheard }
  const interpreter = new Interpreter({
    parts: {
      ...parts,
      networks: needs.networks,
      guest: board,
      devices: needs.extraDevices,
      inputHandlers,
      heldButtons: { mask: 0 },
      snapshotSet: needs.snapshotSet,
      logControl,
      roms: async () => romsOf(config, await boardFiles),
      memoryBackends: config.memoryBackends,
      blockIo,
    },
    signal: runControl.signal,
    log,
  })
  return { dispatcher: new Dispatcher({ commands: commandTable, parts, log }), interpreter }
}

function unheard(): void {}

function inputEventsOf({ inputHandlers, sendKey, consoles, runControl }: Needs): InputEvents {
  return new InputEvents({
    handlers: inputHandlers,
    pressInTurn: (key, down) => sendKey.press(key, down),
    checkConsole: (device, head) => consoles.find(device, head),
    takesInput: () => runControl.running || runControl.state === 'suspended',
  })
}

/** Made when it is first asked for: most machines never are. */
const catalog: MachineParts['catalog'] = {
  commands: Object.keys(commandTable).reverse(),
  events: Object.keys(eventTable),
  get schema() {
    schema ??= schemaOf(commandTable, eventTable)
    return schema
  },
}
let schema: ReturnType<typeof schemaOf> | undefined
