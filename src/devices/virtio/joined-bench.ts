import { setImmediate as turn } from 'node:timers/promises'
import type { DeviceProperties, GuestSide } from '../../board/index.ts'
import type { DeviceHost, DeviceModel, HostServices, HostSide } from '../model.ts'
import { defaultsOf, VirtioBench } from './virtio-bench.ts'

interface JoinedOptions {
  readonly model: DeviceModel
  readonly guest: GuestSide
  readonly host: HostSide
  readonly services: Partial<HostServices>
  readonly properties: DeviceProperties
  /** What the driver wants of what it is offered; all unless said otherwise. */
  readonly wanted?: bigint
}

/** A virtio device whose two sides speak to each other; its driver is the test. */
export class JoinedBench extends VirtioBench {
  readonly host: DeviceHost

  constructor({ model, guest, host: side, services, properties, wanted }: JoinedOptions) {
    const host = side({ properties: { ...defaultsOf(model), ...properties }, services: services as HostServices })
    super(guest, model, { properties, beginning: host.beginning?.(), ...(wanted !== undefined && { wanted }) })
    this.host = host
    host.connected?.({ send: (message) => this.device.receive?.(message) })
    this.pass()
  }

  /** Passes on what the guest's side has said. */
  pass(): void {
    this.device.settle?.()
    for (const message of this.said.splice(0)) this.host.receive(message)
  }

  /** Waits until neither side has anything to say. */
  async settle(): Promise<void> {
    do {
      this.pass()
      for (let turns = 0; turns < 3; turns++) await turn()
    } while (this.said.length > 0 || this.device.busy?.() === true)
  }
}
