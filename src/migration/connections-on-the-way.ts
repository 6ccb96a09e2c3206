import type { Channel } from './channels/channel.ts'
import type { MachineWriter } from './stream/machine-writer.ts'
import type { LeavingConnections, MigratedConnections } from './surroundings.ts'

/** The guest's connections with others: they leave with it, or stay where it stays. */
export class ConnectionsOnTheWay {
  readonly #leaving: LeavingConnections
  readonly #channel: Channel

  /** Takes them out of this process. @param channel - over which they go */
  constructor(connections: MigratedConnections, channel: Channel) {
    this.#channel = channel
    this.#leaving = connections.takeOut(channel.passesDescriptors === true)
  }

  async send(writer: MachineWriter): Promise<void> {
    for (const { contents, descriptor } of this.#leaving.list) {
      if (descriptor !== undefined) this.#channel.attach?.(descriptor)
      await writer.connection(contents, descriptor !== undefined)
    }
  }

  /** The guest has left. @param received - how many sockets the other side says to have; NaN if it does not say */
  handedOver(received: number): void {
    const passed = this.#leaving.list.filter(({ descriptor }) => descriptor !== undefined)
    // Nobody says whether who reads a file or a pipe has them: the guest may yet go on here.
    if (this.#channel.answers) this.#leaving.handOver(received === passed.length)
    else this.#leaving.takeBack()
  }

  takeBack(): void {
    this.#leaving.takeBack()
  }
}
