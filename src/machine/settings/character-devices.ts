import {
  ChardevError,
  type ChardevKeys,
  type ChardevOptions,
  mostFrontends,
  parseChardevShorthand,
  readChardevOptions,
  type Shorthand,
} from '../../chardev/index.ts'
import { OptionError, type OptionKinds, type OptionList } from '../../keyval/index.ts'
import type { Asked, MachineConfig, MonitorConfig } from '../config.ts'
import { ConfigError } from '../config-error.ts'
import type { SerialPorts } from './serial-device.ts'

/** What `-mon` takes; the character device comes first without a name. */
export const monKinds: OptionKinds = { chardev: 'string', mode: 'string', pretty: 'boolean' }

/** A PC has so many serial ports. */
const serialPorts = 4
/** And so many parallel ones: there can be no more. */
const parallelPorts = 3

/** What a port of the PC is to be connected to, in one word. */
interface PortWish {
  readonly text: string
  readonly origin: string | undefined
}

interface Monitor {
  readonly id: string | undefined
  readonly chardev: string | undefined
  readonly mode: string
  readonly pretty: boolean
  readonly origin: string | undefined
}

/**
 * Character devices and who uses them: `-chardev`, `-serial`, `-parallel`, `-mon`, `-qmp`.
 *
 * Devices of `-chardev` and `-qmp` are opened in the order in which they were said, those of `-serial` behind them, then
 * those of `-parallel`.
 */
export class CharacterDevices {
  readonly #backends: { readonly keys: ChardevKeys; readonly origin: string | undefined }[] = []
  readonly #monitors: Monitor[] = []
  /** How many monitors were made by a word. */
  #wordMonitors = 0
  #noMonitor = false
  readonly #serials: PortWish[] = []
  readonly #parallels: PortWish[] = []
  readonly #debugcons: { readonly text: string; readonly origin: string }[] = []

  /** Whether a serial port was asked for, even `none`. */
  get hasSerial(): boolean {
    return this.#serials.length > 0
  }

  /** The same of a parallel port. */
  get hasParallel(): boolean {
    return this.#parallels.length > 0
  }

  /** Whether a monitor was asked for, even `none`. */
  get hasMonitor(): boolean {
    const shared = [...this.#serials, ...this.#parallels].some(({ text }) => text.startsWith('mon:'))
    return this.#noMonitor || this.#monitors.length > 0 || shared
  }

  /** Whether there is a device of that id. */
  names(id: string): boolean {
    return this.#backends.some(({ keys }) => keys['id'] === id)
  }

  /** @throws {ConfigError} if another device has that id */
  chardev(list: OptionList, origin: string): void {
    this.#addBackend(list.toRecord(), origin)
  }

  /**
   * A monitor and its device in one word: of QMP (`-qmp`), or for people (`-monitor`), where `none` makes none.
   *
   * @throws {ConfigError} if the word means nothing
   */
  monitor(text: string, origin: string | undefined, mode: 'control' | 'readline', pretty: boolean): void {
    if (mode === 'readline' && text.startsWith('none')) {
      this.#noMonitor = true
      return
    }
    const label = `compat_monitor${this.#wordMonitors++}`
    const shorthand = readMonitorWord(text, origin)
    if (shorthand.type === 'new') this.#addBackend({ ...shorthand.keys, id: label }, origin, `parse error: ${text}`)
    const chardev = shorthand.type === 'new' ? label : shorthand.label
    this.#addMonitor({ id: chardev, chardev, mode, pretty, origin })
  }

  /** @throws {ConfigError} if another monitor has that id */
  mon(list: OptionList, origin: string): void {
    const mode = list.get('mode') ?? 'readline'
    const pretty = list.boolean('pretty') ?? false
    this.#addMonitor({ id: list.id, chardev: list.get('chardev'), mode, pretty, origin })
  }

  serial(text: string, origin: string | undefined): void {
    this.#serials.push({ text, origin })
  }

  parallel(text: string, origin: string | undefined): void {
    this.#parallels.push({ text, origin })
  }

  debugcon(text: string, origin: string): void {
    this.#debugcons.push({ text, origin })
  }

  /**
   * The devices of `-chardev` and `-qmp`.
   *
   * @throws {ConfigError} if one of them cannot be
   */
  backends(): (ChardevOptions & Asked)[] {
    return this.#backends.map(({ keys, origin }) => readBackend(keys, { origin }))
  }

  /**
   * Monitors, serial and parallel ports, and the devices behind the ports, which are added to `backends`.
   *
   * @throws {ConfigError} if a device is not there or has two users
   */
  frontends(
    backends: (ChardevOptions & Asked)[],
    machine: MachineConfig['machine'],
  ): Pick<MachineConfig, 'monitors' | 'serial'> & {
    readonly serialPorts: SerialPorts
    readonly parallel: readonly string[]
  } {
    const uses = new Map<string, number>()
    /** Counts a user of a device; what is against it, if anything is. */
    const complaintOf = (label: string): string | undefined => {
      const before = uses.get(label) ?? 0
      const used = backends.find((backend) => backend.label === label)
      const shared = used?.mux === true || used?.backend.type === 'mux'
      if (before > 0 && !shared) return `Device '${label}' is in use`
      if (before >= mostFrontends)
        return `too many uses of multiplexed chardev '${label}' (maximum is ${mostFrontends})`
      uses.set(label, before + 1)
      return undefined
    }
    const use = (label: string, asked: Asked): void => {
      const complaint = complaintOf(label)
      if (complaint !== undefined) throw ConfigError.at(asked.origin, complaint)
    }
    const exists = (label: string): boolean => backends.some((backend) => backend.label === label)
    const monitors: MonitorConfig[] = this.#monitors.map((monitor) => {
      const config = readMonitor(monitor, exists)
      use(config.chardev, monitor)
      return config
    })
    const connect = (kind: 'serial' | 'parallel', port: number, { text, origin }: PortWish): string => {
      const consequence = `could not connect ${kind} device to character backend '${text}'`
      const label = openByWord(text, `${kind}${port}`, { origin, consequence }, backends)
      use(label, { origin })
      return label
    }
    const serial = this.#serials.map((wish, port) => (wish.text === 'none' ? undefined : connect('serial', port, wish)))
    const parallelWishes = this.#parallels.filter(({ text }) => text !== 'none')
    const parallel = parallelWishes.map((wish, port) => {
      if (port >= parallelPorts) throw ConfigError.at(wish.origin, 'too many parallel ports')
      return connect('parallel', port, wish)
    })
    // A port that was asked for as `mon:...` shares its device with a monitor for people.
    const ofPorts = [
      ...this.#serials.map((wish, port) => ({ ...wish, chardev: serial[port] })),
      ...parallelWishes.map((wish, port) => ({ ...wish, chardev: parallel[port] })),
    ]
    for (const { text, origin, chardev } of ofPorts) {
      if (!text.startsWith('mon:') || chardev === undefined) continue
      use(chardev, { origin })
      monitors.push({ chardev, mode: 'readline' })
    }
    const ports = machine === 'pc' ? serial.slice(0, serialPorts) : []
    const useForDevice = (label: string, property: string): void => {
      if (!exists(label)) throw new OptionError(`Property '${property}' can't find value '${label}'`)
      const complaint = complaintOf(label)
      if (complaint !== undefined)
        throw new OptionError(`Property '${property}' can't take value '${label}': ${complaint}`)
    }
    const taken = ports.flatMap((label, port) => (label === undefined ? [] : [port]))
    return {
      monitors,
      serial: ports,
      serialPorts: { taken, use: useForDevice },
      parallel: machine === 'pc' ? parallel : [],
    }
  }

  /**
   * The device of `-debugcon`, whose character device is added to `backends`; undefined if none was asked for.
   *
   * @param ids - of the devices that were asked for otherwise
   * @throws {ConfigError} in QEMU's words, if it cannot be
   */
  openDebugcon(
    backends: (ChardevOptions & Asked)[],
    ids: readonly unknown[],
  ): { readonly words: Readonly<Record<string, unknown>>; readonly origin: string } | undefined {
    const label = 'debugcon'
    const words = { driver: 'isa-debugcon', id: label, chardev: label }
    let wish: { readonly words: typeof words; readonly origin: string } | undefined
    for (const { text, origin } of this.#debugcons) {
      const asked = { origin, consequence: `invalid character backend '${text}'` }
      if (wish !== undefined)
        throw ConfigError.failure(asked, `attempt to add duplicate property '${label}' to object (type 'container')`)
      const exists = (name: string): boolean => backends.some((backend) => backend.label === name)
      const shorthand = inWordsOf(asked, () => parseChardevShorthand(text))
      if (shorthand.type === 'new') {
        if (exists(label)) throw ConfigError.failure(asked, duplicate(label))
        backends.push(readBackend({ ...shorthand.keys, id: label }, asked))
      } else if (!exists(shorthand.label)) {
        throw ConfigError.at(origin, asked.consequence)
      }
      if (ids.includes(label)) throw ConfigError.at(origin, 'already have a debugcon device')
      wish = { words, origin }
    }
    return wish
  }

  #addBackend(keys: ChardevKeys, origin: string | undefined, consequence?: string): void {
    const { id } = keys
    if (id !== undefined && this.#backends.some((other) => other.keys['id'] === id))
      throw ConfigError.failure({ origin, ...(consequence === undefined ? {} : { consequence }) }, duplicate(id))
    this.#backends.push({ keys, origin })
  }

  #addMonitor(monitor: Monitor): void {
    const { id, origin } = monitor
    if (id !== undefined && this.#monitors.some((other) => other.id === id))
      throw ConfigError.at(origin, `Duplicate ID '${id}' for mon`)
    this.#monitors.push(monitor)
  }
}

/**
 * A device that an option asks for in one word: one of `backends`, or a new one of that label, which is added to them.
 *
 * @param asked - with the consequence that stands for all that is wrong with a label
 * @returns its label
 * @throws {ConfigError} if the word means nothing, or there is no such device, or one of that label already
 */
export function openByWord(
  text: string,
  label: string,
  asked: Asked & { readonly consequence: string },
  backends: (ChardevOptions & Asked)[],
): string {
  const exists = (name: string): boolean => backends.some((backend) => backend.label === name)
  const shorthand = inWordsOf(asked, () => parseChardevShorthand(text))
  if (shorthand.type === 'existing') {
    if (!exists(shorthand.label)) throw ConfigError.at(asked.origin, asked.consequence)
    return shorthand.label
  }
  if (exists(label)) throw ConfigError.failure(asked, duplicate(label))
  backends.push(readBackend({ ...shorthand.keys, id: label }, asked))
  return label
}

function duplicate(label: string): string {
  return `Duplicate ID '${label}' for chardev`
}

function readMonitorWord(text: string, origin: string | undefined): Shorthand {
  return inWordsOf({ origin, consequence: `parse error: ${text}` }, () => parseChardevShorthand(text))
}

function readBackend(keys: ChardevKeys, asked: Asked): ChardevOptions & Asked {
  return { ...inWordsOf(asked, () => readChardevOptions(keys)), ...asked }
}

function readMonitor(monitor: Monitor, exists: (label: string) => boolean): MonitorConfig {
  const { mode, pretty, chardev, origin } = monitor
  if (mode !== 'readline' && mode !== 'control')
    throw ConfigError.at(origin, `Parameter 'mode' does not accept value '${mode}'`)
  if (chardev === undefined) throw ConfigError.at(origin, "Parameter 'chardev' is missing")
  if (!exists(chardev)) throw ConfigError.at(origin, `chardev "${chardev}" not found`)
  if (mode !== 'readline') return { chardev, mode: 'control', pretty }
  if (pretty) throw ConfigError.at(origin, "'pretty' is not compatible with HMP monitors")
  return { chardev, mode }
}

function inWordsOf<T>(asked: Asked, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ChardevError) throw ConfigError.failure(asked, error.message, error)
    throw error
  }
}
