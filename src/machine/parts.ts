import type { Scope } from '../async/index.ts'
import { type DriveSet, DriveTuning, type GraphControl, MediaControl } from '../block/index.ts'
import type { Board } from '../board/index.ts'
import type { ChardevSet } from '../chardev/index.ts'
import { commands, events, type MachineParts } from '../commands/index.ts'
import { type Console, Consoles, ScreenDump } from '../display/index.ts'
import { MemoryFiles } from '../dump/index.ts'
import { InputEvents, type InputHandlers, SendKey } from '../input/index.ts'
import type { Logger } from '../log/index.ts'
import { schemaOf } from '../qapi/index.ts'
import type { RunControl } from '../runstate/index.ts'
import type { MachineConfig } from './config.ts'
import { identityOf } from './identity.ts'

export interface Joined {
  readonly config: MachineConfig
  readonly scope: Scope
  readonly board: Board
  readonly drives: DriveSet
  readonly graph: GraphControl
  readonly chardevs: ChardevSet
  readonly runControl: RunControl
  readonly inputHandlers: InputHandlers
  readonly log: Logger
}

/** The parts that commands act on: everything that the table needs, or this does not compile. */
export function partsOf({
  config,
  scope,
  board,
  drives,
  graph,
  chardevs,
  runControl,
  inputHandlers,
}: Joined): MachineParts {
  const hasCpu = config.machine === 'pc'
  const sendKey = new SendKey({
    press: (key, down) => {
      inputHandlers.send({ type: 'key', key, down })
      inputHandlers.sync()
    },
    scope,
  })
  scope.own(
    runControl.onRunning((running) => {
      if (running || runControl.state === 'suspended') sendKey.resume()
      else sendKey.pause()
    }),
  )
  const consoles = new Consoles(hasCpu && config.vga ? [consoleOf(board)] : [])
  return {
    runControl,
    drives,
    media: new MediaControl(drives),
    tuning: new DriveTuning(drives),
    graph,
    chardevs,
    sendKey,
    inputHandlers,
    inputEvents: new InputEvents({
      handlers: inputHandlers,
      pressInTurn: (key, down) => sendKey.press(key, down),
      checkConsole: (device, head) => consoles.find(device, head),
      takesInput: () => runControl.running || runControl.state === 'suspended',
    }),
    consoles,
    keyboard: board.keyboard,
    screenDump: new ScreenDump(consoles),
    memoryFiles: new MemoryFiles(board),
    cpus: {
      count: hasCpu ? 1 : 0,
      status: async () => (hasCpu ? [await board.cpu()] : []),
      injectNmi: () => board.injectNmi(),
    },
    pci: { functions: async () => (hasCpu ? board.pci() : undefined) },
    identity: identityOf(config),
    catalog,
  }
}

function consoleOf({ screen }: Board): Console {
  return {
    device: undefined,
    head: 0,
    capture: () => screen.capture(),
    changes: (serial) => screen.changes(serial),
    text: () => screen.text(),
  }
}

/** Made when it is first asked for: most machines never are. */
const catalog: MachineParts['catalog'] = {
  commands: Object.keys(commands).reverse(),
  events: Object.keys(events),
  get schema() {
    schema ??= schemaOf(commands, events)
    return schema
  },
}
let schema: ReturnType<typeof schemaOf> | undefined
