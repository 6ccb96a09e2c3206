import {
  ChannelType,
  channelList,
  type Message,
  type MouseModes,
  machineName,
  machineUuid,
  mainInit,
  mouseModes,
  type OtherHost,
  readMain,
  switchHost,
} from '../spice/index.ts'
import type { Channel, ChannelLine } from './channel.ts'
import { NewestState } from './newest-state.ts'

/** What clients are told of the machine. */
export interface SpiceMachine {
  readonly name: string
  /** 16 bytes. */
  readonly uuid: Uint8Array
}

export interface MainChannelOptions {
  /** By which the client's other channels name this one. */
  readonly session: number
  readonly machine: SpiceMachine
  readonly modes: () => MouseModes
  readonly requestMode: (mode: number) => void
  readonly line: ChannelLine
}

/** The channels that a client may open beside this one, in QEMU's order. */
export const furtherChannels = [ChannelType.display, ChannelType.cursor, ChannelType.inputs] as const

/** What holds the channels of one client together. */
export class MainChannel implements Channel {
  readonly #options: MainChannelOptions
  readonly #modes: NewestState

  constructor(options: MainChannelOptions) {
    this.#options = options
    const { line, modes } = options
    this.#modes = new NewestState(() => line.send(mouseModes(modes())))
  }

  get session(): number {
    return this.#options.session
  }

  begin(): void {
    const { session, machine, modes, line } = this.#options
    line.send(mainInit(session, modes(), Math.floor(performance.now())))
    line.send(machineName(machine.name))
    line.send(machineUuid(machine.uuid))
  }

  take(message: Message): void {
    const said = readMain(message)
    if (said?.type === 'attachChannels') this.#options.line.send(channelList(furtherChannels))
    if (said?.type === 'mouseMode') this.#options.requestMode(said.mode)
  }

  drained(): void {
    this.#modes.drained()
  }

  end(): void {}

  /** The modes of the mouse have changed. */
  tellModes(): void {
    this.#modes.tell()
  }

  goTo(host: OtherHost): void {
    this.#options.line.send(switchHost(host))
  }
}
