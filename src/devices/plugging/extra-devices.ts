import { deferred } from '../../async/index.ts'
import type { Board, BootPlace, DevicePort, NewDevice } from '../../board/index.ts'
import { type JsonValue, print } from '../../json/index.ts'
import { OptionError } from '../../keyval/index.ts'
import { type EmitOf, QmpError } from '../../qapi/index.ts'
import { nextTurn, setImmediate } from '../../timers/index.ts'
import { deviceModels } from '../devices.ts'
import type { deviceEvents } from '../events.ts'
import type { DeviceHost } from '../model.ts'
import { checkBootIndex } from './boot-index.ts'
import { busesOf, CarriedBusNames, isCarried, type PlacedDevice } from './carried-bus.ts'
import { DeviceNames } from './device-names.ts'
import { type DeviceWords, readRequest, type SaidProperty } from './device-request.ts'
import { type Bus, noBuses, type OnBuses, pcBuses } from './pc-buses.ts'
import type { PciSlots } from './pci-slots.ts'
import { checkObject, type PlannedDevice, type PlannedNetwork, planDevice } from './planned-device.ts'
import { PlugError } from './plug-error.ts'
import { unplugComplaint } from './unplug-complaint.ts'

/** A device that was asked for, with its path in the tree of objects. */
export type ExtraDevice = PlannedDevice & { readonly path: string }

/** A device that a user has asked for when the machine was started, but which the board has as its own: it stays. */
export interface LastingDevice {
  readonly path: string
  readonly type: string
  readonly bus: string
}

interface Surroundings {
  readonly machine: 'pc' | 'none'
  readonly vga: boolean
  readonly acpi: boolean
  /** What is taken of the PCI bus. */
  readonly slots: PciSlots
  /** Those that stay, in the order in which they were asked for. */
  readonly lasting: readonly LastingDevice[]
  /** Properties of the devices that stay. */
  readonly kept: readonly Readonly<Record<string, unknown>>[]
  /** Shows devices that come and go to the tree of objects. */
  readonly shown: ShownDevices
  readonly emit: EmitOf<typeof deviceEvents>
  /**
   * Makes what stands behind a device; the board has nothing of it yet.
   *
   * @param carrier - what stands behind the device that brings its bus
   * @throws {Error} if that cannot be
   */
  readonly hostOf: (device: ExtraDevice, carrier: DeviceHost | undefined) => Promise<DeviceHost | undefined>
  /** Looks whether a device may use a character device. @throws {OptionError} in QEMU's words */
  readonly checkChardev: (label: string, property: string) => void
  /** Looks whether a device of a model may have a drive, or a node. @throws {Error} in QEMU's words */
  readonly checkDrive: (model: string, backend: string) => void
  /** The type of an object that a user has made; undefined if there is none of that id. */
  readonly objectType: (id: string) => string | undefined
  /** Looks whether a device may have a folder of the host's. @throws {OptionError} in QEMU's words */
  readonly checkFolder: (id: string | undefined) => void
  /** Whether the machine is on its way elsewhere: it keeps its shape then. */
  readonly migrating: () => boolean
  /** The network that cards are on. */
  readonly network: PlannedNetwork
}

/** Devices in the tree of objects. */
export interface ShownDevices {
  /** The type of the machine's own device at a path. */
  typeAt(path: string): string | undefined
  /** Whether there is an object, a device or not. */
  has(path: string): boolean
  /** A device has been plugged in. */
  came(device: ExtraDevice): void
  /** It is gone. */
  gone(device: ExtraDevice): void
}

interface Entry {
  readonly device: ExtraDevice
  host: DeviceHost | undefined
  /** The guest has been asked to let go of it: before it has first run, or later. */
  leaving: 'before-start' | 'later' | undefined
  /** It has gone, which is still to be told. */
  gone?: true
}

/** A device as others see it. */
export type PluggedExtra = PlacedDevice

/**
 * The devices beside the PC's own: those from the start, and those that come and go while it is there.
 */
export class ExtraDevices {
  readonly #surroundings: Surroundings
  readonly #names = new DeviceNames()
  readonly #busNames = new CarriedBusNames()
  readonly #entries = new Map<string, Entry>()
  readonly #fromStart: readonly ExtraDevice[]
  #board: Board | undefined
  #guestHasRun = false
  /** Requests are served one after another. */
  #last: Promise<unknown> = Promise.resolve()
  /** Devices that have gone are told of one after the other, when all that they have used is free. */
  #leaving: Promise<void> = Promise.resolve()

  constructor(surroundings: Surroundings, fromStart: readonly ExtraDevice[]) {
    this.#surroundings = surroundings
    this.#fromStart = fromStart
    const all = [...fromStart, ...surroundings.lasting].map(({ path }) => path)
    const wished = all.filter((path) => !path.startsWith('/machine/unattached/'))
    for (const path of wished.sort(byNumber)) this.#names.take(idOf(path))
    for (const device of fromStart) {
      this.#entries.set(device.path, { device, host: undefined, leaving: undefined })
      const kind = deviceModels[device.model]?.carries
      if (kind !== undefined) this.#busNames.nameFor(kind, device.id)
    }
  }

  /** In the order in which they came. */
  *[Symbol.iterator](): Iterator<PluggedExtra> {
    for (const { device } of this.#entries.values()) yield device
  }

  /** Why the machine cannot be sent elsewhere or saved as its devices are now, in QEMU's words. */
  get migrationBlockers(): readonly string[] {
    return [...this.#entries.values()].flatMap(({ host }) => host?.migrationBlocker?.() ?? [])
  }

  /** What came and went since the start, by the paths of devices. */
  get sinceStart(): { readonly came: readonly string[]; readonly gone: readonly string[] } {
    const now = [...this.#entries.values()].filter(({ gone }) => gone !== true).map(({ device }) => device)
    const without = (all: readonly ExtraDevice[], others: readonly ExtraDevice[]): string[] =>
      all.filter((device) => !others.includes(device)).map(({ path }) => path)
    return { came: without(now, this.#fromStart), gone: without(this.#fromStart, now) }
  }

  /** Makes what stands behind the devices from the start: those that come back are for the board's configuration. */
  async hosts(): Promise<readonly { readonly device: NewDevice; readonly port: DevicePort }[]> {
    const made: { device: NewDevice; port: DevicePort }[] = []
    for (const entry of this.#entries.values()) {
      const hosted = await this.#hosted(entry)
      if (hosted !== undefined) made.push(hosted)
    }
    return made
  }

  /** The board is there, with the devices from the start on it. */
  join(board: Board): void {
    this.#board = board
    for (const { device, host } of this.#entries.values())
      if (!isCarried(device.place)) host?.connected?.(board.plugged(device.path))
  }

  /** The guest runs, or has run: from now on it may be asked a second time. */
  started(): void {
    this.#guestHasRun = true
  }

  /**
   * Plugs in a device.
   *
   * @param said - numbers and truth values count as the words for them; what has other types is left out, as in QEMU
   * @throws {QmpError} in QEMU's words, if it cannot be plugged in so
   */
  add(said: DeviceWords): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await this.#add(inWords(said))
      } catch (error) {
        if (!(error instanceof OptionError)) throw error
        const [message] = error.message.split('\n') // behind that are hints for command lines
        throw new QmpError(error instanceof PlugError ? error.errorClass : 'GenericError', message!)
      }
    })
  }

  /**
   * Asks the guest to let go of a device.
   *
   * @param name - its id, or its path in the tree of objects
   * @throws {QmpError} in QEMU's words, if there is none, if it is being let go of already, or if it stays
   */
  requestUnplug(name: string): Promise<void> {
    const { acpi, migrating } = this.#surroundings
    return this.#inTurn(async () => {
      const path = name.startsWith('/') ? name.replace(/\/+/g, '/') : `/machine/peripheral/${name}`
      const entry = this.#entries.get(path)
      if (entry === undefined) return this.#refuseUnplug(name, path)
      const { model, place } = entry.device
      if (entry.leaving === 'before-start')
        throw new QmpError('GenericError', `Device ${name} is already in the process of unplug`)
      const complaint = isCarried(place) ? undefined : unplugComplaint(model, { bus: place.bus, acpi })
      if (complaint !== undefined) throw new QmpError('GenericError', complaint)
      if (migrating()) throw new QmpError('GenericError', 'device_del not allowed while migrating')
      if (isCarried(place)) {
        // Nobody is asked; that it has gone is told behind the answer.
        this.#leaving = this.#leaving.then(nextTurn)
        this.#gone(entry)
        return
      }
      entry.leaving = this.#guestHasRun ? 'later' : 'before-start'
      await this.#board?.requestUnplug(path)
    })
  }

  /** Lets a reset of the board take out what was to leave; that is told when the reset has been. */
  async during(reset: () => Promise<void>): Promise<void> {
    const over = deferred<void>()
    this.#leaving = this.#leaving.then(() => over.promise)
    try {
      await reset()
    } finally {
      setImmediate(over.resolve) // who has waited for the reset tells of it first
    }
  }

  async #add(words: DeviceWords): Promise<void> {
    const { slots, checkChardev, objectType, checkFolder, network, migrating } = this.#surroundings
    const name = (id: string | undefined): string => {
      const path = this.#names.take(id)
      named = { id }
      return path
    }
    let named: { readonly id: string | undefined } | undefined
    let planned: PlannedDevice | undefined
    try {
      const request = readRequest(
        words,
        { hot: true, typed: false },
        {
          ...{ buses: this.#buses(), name, migrating },
          lookUp: (said) => this.#lookUp(said),
        },
      )
      const { path } = request
      planned = planDevice(request, {
        ...{ slots, useChardev: checkChardev, objectType, checkFolder, network, hot: true },
        ...{ others: [...this], busNames: this.#busNames },
      })
      const device = { ...planned, path }
      const entry: Entry = { device, host: undefined, leaving: undefined }
      await this.#plug(entry)
    } catch (error) {
      this.#names.release(named?.id)
      if (planned?.place.bus === 'PCI') slots.release(planned.place)
      throw error
    }
  }

  /** What a property names is looked up when it is said. */
  #lookUp({ model, name, type: { chardev, netdev, object }, value }: SaidProperty): void {
    const { kept, checkChardev, checkDrive, network, objectType } = this.#surroundings
    const property = (owner = model.name): string => `${owner}.${name}`
    if (name === 'bootindex') checkBootIndex({ bootindex: value }, [...kept, ...[...this].map((one) => one.properties)])
    else if (netdev !== undefined) network.use(String(value), property(netdev.owner))
    else if (object !== undefined) checkObject(name, object, { value, objectType })
    else if (value === '') return
    else if (chardev !== undefined) checkChardev(String(value), property(chardev.owner))
    else if (name === 'drive' && model.driveOwner !== undefined) checkDrive(model.name, String(value))
  }

  async #plug(entry: Entry): Promise<void> {
    const hosted = await this.#hosted(entry)
    const { path } = entry.device
    this.#entries.set(path, entry)
    try {
      const { model, refused } = entry.device
      if (refused !== undefined) {
        this.#tellParts(path, model)
        throw refused
      }
      if (hosted !== undefined) {
        const plugged = await this.#board!.plug(hosted.device, hosted.port)
        entry.host?.connected?.(plugged)
      } else await this.#tellBootPlaces(entry.device)
      this.#surroundings.shown.came(entry.device)
    } catch (error) {
      this.#entries.delete(path)
      await entry.host?.closed?.()
      throw error
    }
  }

  /** Makes what stands behind a device. @returns what the board is to have of it: nothing of one that another one carries */
  async #hosted(entry: Entry): Promise<{ readonly device: NewDevice; readonly port: DevicePort } | undefined> {
    const { model, path, properties, place } = entry.device
    const carrier = isCarried(place) ? this.#entries.get(place.carrier)?.host : undefined
    const host = await this.#surroundings.hostOf(entry.device, carrier)
    entry.host = host
    if (isCarried(place)) return undefined
    return {
      device: { key: path, model, properties, place, boot: this.#bootPlaces(entry.device) },
      port: {
        beginning: () => host?.beginning?.(),
        receive: (message) => host?.receive(message),
        closed: () => this.#gone(entry),
      },
    }
  }

  /** What the firmware can boot from, of a device and of those on its bus. */
  #bootPlaces(device: ExtraDevice): readonly BootPlace[] {
    const all = [...this.#entries.values()].filter(({ gone }) => gone !== true).map((entry) => entry.device)
    const on = all.filter(({ place }) => isCarried(place) && place.carrier === device.path)
    return [device, ...on].flatMap(({ boot }) => boot ?? [])
  }

  /** A device on the bus of another one has come, or has gone: the firmware boots from the other one's places. */
  async #tellBootPlaces({ place, boot }: ExtraDevice): Promise<void> {
    const carrier = isCarried(place) ? this.#entries.get(place.carrier) : undefined
    if (boot === undefined || carrier === undefined) return
    await this.#board?.setBootPlaces(carrier.device.path, this.#bootPlaces(carrier.device))
  }

  #gone(entry: Entry): void {
    const { device, host } = entry
    if (this.#entries.get(device.path) !== entry || entry.gone === true) return
    entry.gone = true
    void this.#tellBootPlaces(device).catch(() => undefined) // the board may be at its end
    for (const part of [...this.#entries.values()].reverse())
      if (isCarried(part.device.place) && part.device.place.carrier === device.path) this.#gone(part)
    const free = Promise.resolve(host?.closed?.()).catch(() => undefined) // it has gone whatever becomes of its drive
    this.#leaving = this.#leaving
      .then(() => free)
      .then(() => {
        this.#entries.delete(device.path)
        this.#surroundings.shown.gone(device)
        if (device.place.bus === 'PCI') this.#surroundings.slots.release(device.place)
        this.#names.release(device.id)
        this.#tell(device)
      })
  }

  /** Devices that are its parts come first. */
  #tell({ id, path, model }: ExtraDevice): void {
    this.#tellParts(path, model)
    this.#surroundings.emit('DEVICE_DELETED', { ...(id !== undefined && { device: id }), path })
  }

  #tellParts(path: string, model: string): void {
    for (const part of partsOf(model)) this.#surroundings.emit('DEVICE_DELETED', { path: `${path}/${part}` })
  }

  #buses(): Bus {
    const { machine, vga, acpi, lasting } = this.#surroundings
    if (machine === 'none') return noBuses
    const all = [...this]
    const extra: OnBuses = all.map((device) => {
      const { model, id, place } = device
      return { bus: place.bus, type: model, id, buses: busesOf(device, all) }
    })
    const others: OnBuses = lasting.map(({ path, type, bus }) => ({ bus, type, id: idOf(path) }))
    return pcBuses([...[...extra].reverse(), ...others], { vga, acpi })
  }

  #refuseUnplug(name: string, path: string): never {
    const { acpi, lasting, shown } = this.#surroundings
    const kept = lasting.find((device) => device.path === path)
    const type = kept?.type ?? shown.typeAt(path)
    if (type !== undefined)
      throw new QmpError(
        'GenericError',
        unplugComplaint(type, { bus: kept?.bus, acpi }) ?? `Device '${type}' does not support hotplugging`,
      )
    if (shown.has(path)) throw new QmpError('GenericError', `${name} is not a hotpluggable device`)
    throw new QmpError('DeviceNotFound', `Device '${name}' not found`)
  }

  /** Nobody sees a device that has gone in part. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => this.#leaving).then(work)
    this.#last = done.catch(() => undefined)
    return done
  }
}

/** Children of a device that are devices, too. */
function partsOf(model: string): readonly string[] {
  const properties = Object.entries(deviceModels[model]?.properties ?? {})
  return properties.filter(([, { name }]) => /^child<(?!qemu:)/.test(name)).map(([property]) => property)
}

/** What is said, as text. */
function inWords(said: DeviceWords): DeviceWords {
  const words: Record<string, string> = {}
  for (const [name, value] of Object.entries(said)) {
    if (typeof value === 'string') words[name] = value
    else if (typeof value === 'boolean') words[name] = value ? 'on' : 'off'
    else if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Number)
      words[name] = Buffer.from(print(value as JsonValue)).toString()
  }
  // A number is no name, and QEMU takes it for none.
  if (typeof said['id'] !== 'string') Reflect.deleteProperty(words, 'id')
  return words
}

function idOf(path: string): string | undefined {
  return /^\/machine\/peripheral\/(.*)$/.exec(path)?.[1]
}

/** Those with numbers in the order of their numbers: so they get them again. */
function byNumber(one: string, other: string): number {
  const number = (path: string): number => Number(/\[(\d+)\]$/.exec(path)?.[1] ?? -1)
  return number(one) - number(other)
}
