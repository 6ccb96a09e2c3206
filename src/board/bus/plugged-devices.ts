import { nextTurn } from '../../timers/index.ts'
import { BoardError } from '../board-error.ts'
import { PciHotplug } from '../pci/pci-hotplug.ts'
import type { DeviceBus } from './device-bus.ts'
import type { BootPlace, GuestDevice, GuestLink, GuestSides, NewDevice } from './guest-device.ts'
import { LentBus } from './lent-bus.ts'

/** A device as it crosses to where the guest is: without whoever listens to it. */
export type DeviceShape = Pick<NewDevice, 'key' | 'model' | 'properties' | 'place' | 'boot'> & {
  readonly beginning?: unknown
}

interface Plugged {
  readonly shape: DeviceShape
  boot: readonly BootPlace[]
  readonly guest: GuestDevice
  readonly bus: LentBus
  readonly letGo: () => void
}

interface Surroundings {
  readonly bus: DeviceBus
  readonly guests: GuestSides
  readonly linkOf: (key: string) => GuestLink
  /** Tells the guest that slots of the PCI bus have changed. */
  readonly raiseHotplug: () => void
  /** Devices have gone. */
  readonly gone: (keys: readonly string[]) => void
  /** Whether a function that the PC itself has is in a slot. */
  readonly fixed: (slot: number) => boolean
}

/** The devices that have been plugged into a board, on the side that the guest sees. */
export class PluggedDevices {
  readonly #devices = new Map<string, Plugged>()
  readonly #surroundings: Surroundings
  /** By what the guest learns of devices that come and go. */
  readonly hotplug: PciHotplug

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
    this.hotplug = new PciHotplug({
      raise: surroundings.raiseHotplug,
      fixed: surroundings.fixed,
      eject: (slot) => this.#eject(slot),
    })
  }

  /**
   * Plugs in a device; one that is there when the machine starts is found without the guest being told.
   *
   * @throws {BoardError} kind `configuration`, if this board cannot carry it, or has one of that name
   */
  async plug(shape: DeviceShape, { hot }: { readonly hot: boolean }): Promise<void> {
    const { key, model, properties, place, beginning } = shape
    const { guests, linkOf } = this.#surroundings
    const side = await guests(model)
    if (side === undefined) throw new BoardError('configuration', `this board cannot carry the device '${model}'`)
    if (this.#devices.has(key)) throw new BoardError('configuration', `there is a device '${key}' already`)
    const bus = new LentBus(this.#surroundings.bus)
    const { link, letGo } = lentLink(linkOf(key))
    try {
      const guest = side({ bus, link, properties, place, beginning })
      this.#devices.set(key, { shape, boot: shape.boot ?? [], guest, bus, letGo })
    } catch (error) {
      bus.takeBack()
      throw error
    }
    if (hot && place.bus === 'PCI') this.hotplug.arrived(place.slot)
  }

  /** Asks the guest to let go of a device. @throws {BoardError} kind `configuration`, if it cannot be unplugged */
  requestUnplug(key: string): void {
    const place = this.#devices.get(key)?.shape.place
    if (place?.bus !== 'PCI') throw new BoardError('configuration', `the device '${key}' cannot be unplugged`)
    this.hotplug.ask(place.slot)
  }

  /** Takes a device out at once, whatever the guest is doing with it; nothing, if it has gone. */
  unplug(key: string): void {
    const plugged = this.#devices.get(key)
    if (plugged === undefined) return
    this.#devices.delete(key)
    plugged.guest.closed?.()
    plugged.letGo()
    plugged.bus.takeBack()
    this.#surroundings.gone([key])
  }

  /** What the firmware can boot from, of all devices. */
  get bootPlaces(): readonly BootPlace[] {
    return [...this.#devices.values()].flatMap(({ boot }) => boot)
  }

  /** What the firmware can boot from, of a device, from the next reset on; nothing, if it has gone. */
  setBootPlaces(key: string, boot: readonly BootPlace[]): void {
    const plugged = this.#devices.get(key)
    if (plugged !== undefined) plugged.boot = boot
  }

  /** What a device tells of its state. @throws {BoardError} kind `configuration`, if there is none, or it tells nothing */
  inspect(key: string, question: unknown): unknown {
    const guest = this.#devices.get(key)?.guest
    if (guest?.inspect === undefined)
      throw new BoardError('configuration', `the device '${key}' tells nothing of itself`)
    return guest.inspect(question)
  }

  /** The other side of a device says something; nobody hears it if it has gone. */
  receive(key: string, message: unknown): void {
    this.#devices.get(key)?.guest.receive?.(message)
  }

  /** What was to leave goes first. */
  reset(): void {
    this.hotplug.reset()
    for (const { guest } of this.#devices.values()) guest.reset?.()
  }

  /** The guest is about to execute. */
  resumed(): void {
    for (const { guest } of this.#devices.values()) guest.resumed?.()
  }

  settle(): void {
    for (const { guest } of this.#devices.values()) guest.settle?.()
  }

  /** Settles when no device waits for its other side. */
  async idle(): Promise<void> {
    while ([...this.#devices.values()].some(({ guest }) => guest.busy?.() === true)) await nextTurn()
  }

  /** What there is, in order: two boards can only take each other's state if it is the same. */
  describe(): readonly string[] {
    return this.#inOrder().map(({ shape: { model, place } }) =>
      place.bus === 'PCI' ? `${model} at ${place.slot}.${place.function}` : model,
    )
  }

  /** The states of all, in order. */
  save(): unknown[] {
    return this.#inOrder().map(({ shape, guest }) => [shape.model, guest.save?.() ?? null])
  }

  /** @throws {Error} if these are not the states of such devices */
  restore(states: readonly unknown[]): void {
    const devices = this.#inOrder()
    if (states.length !== devices.length) throw new Error(`it has ${states.length} devices, not ${devices.length}`)
    for (const [index, { shape, guest }] of devices.entries()) {
      const [model, state] = states[index] as [unknown, unknown]
      if (model !== shape.model) throw new Error(`it has the device '${String(model)}', not '${shape.model}'`)
      if (state !== null) guest.restore?.(state)
    }
  }

  /** On the ISA bus as they came; on the PCI bus by their places, whenever they came. */
  #inOrder(): readonly Plugged[] {
    const rank = ({ shape: { place } }: Plugged): number =>
      place.bus === 'PCI' ? 1 + place.slot * 8 + place.function : 0
    return [...this.#devices.values()].sort((one, other) => rank(one) - rank(other))
  }

  #eject(slot: number): void {
    // What came last goes first, as in QEMU.
    for (const [key, { shape }] of [...this.#devices].reverse())
      if (shape.place.bus === 'PCI' && shape.place.slot === slot) this.unplug(key)
  }
}

/** A link whose holds can all be let go of. */
function lentLink(link: GuestLink): { readonly link: GuestLink; readonly letGo: () => void } {
  const holds = new Set<() => void>()
  return {
    link: {
      send: (message, given) => link.send(message, given),
      stop: (message) => link.stop(message),
      hold: () => {
        const release = link.hold()
        holds.add(release)
        return () => {
          holds.delete(release)
          release()
        }
      },
    },
    letGo: () => {
      for (const release of holds) release()
      holds.clear()
    },
  }
}
