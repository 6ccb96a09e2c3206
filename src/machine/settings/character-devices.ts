import {
  ChardevError,
  type ChardevKeys,
  type ChardevOptions,
  chardevTypes,
  parseChardevShorthand,
  readChardevOptions,
  type Shorthand,
} from '../../chardev/index.ts'
import type { OptionKinds, OptionList } from '../../keyval/index.ts'
import type { Asked, MachineConfig, MonitorConfig } from '../config.ts'
import { ConfigError } from '../config-error.ts'

/** What `-mon` takes; the character device comes first without a name. */
export const monKinds: OptionKinds = { chardev: 'string', mode: 'string', pretty: 'boolean' }

/** What `-chardev help` prints. */
export const chardevHelp = `Available chardev backend types: \n${chardevTypes.map((type) => `  ${type}\n`).join('')}`

/** A PC has so many serial ports. */
const serialPorts = 4

interface Monitor {
  readonly id: string | undefined
  readonly chardev: string | undefined
  readonly mode: string
  readonly pretty: boolean
  readonly origin: string
}

/**
 * Character devices and who uses them: `-chardev`, `-serial`, `-mon`, `-qmp`.
 *
 * Devices of `-chardev` and `-qmp` are opened in the order in which they were said, those of `-serial` behind them.
 */
export class CharacterDevices {
  readonly #backends: { readonly keys: ChardevKeys; readonly origin: string }[] = []
  readonly #monitors: Monitor[] = []
  readonly #serials: { readonly text: string; readonly origin: string | undefined }[] = []

  /** Whether a serial port was asked for, even `none`. */
  get hasSerial(): boolean {
    return this.#serials.length > 0
  }

  /** @throws {ConfigError} if another device has that id */
  chardev(list: OptionList, origin: string): void {
    this.#addBackend(list.toRecord(), origin)
  }

  /**
   * A QMP monitor and its device in one word.
   *
   * @throws {ConfigError} if the word means nothing
   */
  qmp(text: string, origin: string, pretty: boolean): void {
    const label = `compat_monitor${this.#monitors.filter(({ mode }) => mode === 'compat').length}`
    const shorthand = readMonitorWord(text, origin)
    if (shorthand.type === 'new') this.#addBackend({ ...shorthand.keys, id: label }, origin, `parse error: ${text}`)
    const chardev = shorthand.type === 'new' ? label : shorthand.label
    this.#addMonitor({ id: chardev, chardev, mode: 'compat', pretty, origin })
  }

  /**
   * The human monitor, which there is not: `none` does without.
   *
   * @throws {ConfigError} if it is wanted
   */
  humanMonitor(text: string, origin: string): void {
    if (text.startsWith('none')) return
    readMonitorWord(text, origin)
    throw ConfigError.at(origin, noHumanMonitor)
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

  /**
   * The devices of `-chardev` and `-qmp`.
   *
   * @throws {ConfigError} if one of them cannot be
   */
  backends(): (ChardevOptions & Asked)[] {
    return this.#backends.map(({ keys, origin }) => readBackend(keys, { origin }))
  }

  /**
   * Monitors and serial ports, and the devices behind the latter, which are added to `backends`.
   *
   * @throws {ConfigError} if a device is not there or has two users
   */
  frontends(
    backends: (ChardevOptions & Asked)[],
    machine: MachineConfig['machine'],
  ): Pick<MachineConfig, 'monitors' | 'serial'> {
    const inUse = new Set<string>()
    const use = (label: string, asked: Asked): void => {
      if (inUse.has(label)) throw ConfigError.at(asked.origin, `Device '${label}' is in use`)
      inUse.add(label)
    }
    const exists = (label: string): boolean => backends.some((backend) => backend.label === label)
    const monitors = this.#monitors.map((monitor) => {
      const config = readMonitor(monitor, exists)
      use(config.chardev, monitor)
      return config
    })
    const serial = this.#serials.map(({ text, origin }, port) => {
      const consequence = `could not connect serial device to character backend '${text}'`
      const label = this.#openSerial(text, port, { origin, consequence }, backends)
      if (label !== undefined) use(label, { origin })
      return label
    })
    return { monitors, serial: machine === 'pc' ? serial.slice(0, serialPorts) : [] }
  }

  #openSerial(text: string, port: number, asked: Asked, backends: (ChardevOptions & Asked)[]): string | undefined {
    if (text === 'none') return undefined
    const exists = (label: string): boolean => backends.some((backend) => backend.label === label)
    const shorthand = inWordsOf(asked, () => parseChardevShorthand(text))
    if (shorthand.type === 'existing') {
      if (!exists(shorthand.label)) throw ConfigError.at(asked.origin, asked.consequence!)
      return shorthand.label
    }
    const label = `serial${port}`
    if (exists(label)) throw ConfigError.failure(asked, duplicate(label))
    backends.push(readBackend({ ...shorthand.keys, id: label }, asked))
    return label
  }

  #addBackend(keys: ChardevKeys, origin: string, consequence?: string): void {
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

const noHumanMonitor = 'the human monitor is not available in vmon (-qmp and -mon mode=control are)'

function duplicate(label: string): string {
  return `Duplicate ID '${label}' for chardev`
}

function readMonitorWord(text: string, origin: string): Shorthand {
  return inWordsOf({ origin, consequence: `parse error: ${text}` }, () => parseChardevShorthand(text))
}

function readBackend(keys: ChardevKeys, asked: Asked): ChardevOptions & Asked {
  return { ...inWordsOf(asked, () => readChardevOptions(keys)), ...asked }
}

function readMonitor(monitor: Monitor, exists: (label: string) => boolean): MonitorConfig {
  const { mode, pretty, chardev, origin } = monitor
  if (!['readline', 'control', 'compat'].includes(mode))
    throw ConfigError.at(origin, `Parameter 'mode' does not accept value '${mode}'`)
  if (chardev === undefined) throw ConfigError.at(origin, "Parameter 'chardev' is missing")
  if (!exists(chardev)) throw ConfigError.at(origin, `chardev "${chardev}" not found`)
  if (mode !== 'readline') return { chardev, pretty }
  if (pretty) throw ConfigError.at(origin, "'pretty' is not compatible with HMP monitors")
  throw ConfigError.at(origin, noHumanMonitor)
}

function inWordsOf<T>(asked: Asked, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ChardevError) throw ConfigError.failure(asked, error.message, error)
    throw error
  }
}
