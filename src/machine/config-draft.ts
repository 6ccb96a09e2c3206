import {
  BlockError,
  type DefaultDrive,
  type DriveShorthand,
  driveFromOptions,
  type OptionValues,
  shorthandDrive,
} from '../block/index.ts'
import { usualFirmwareFolders } from '../board/index.ts'
import { chardevOptionKinds } from '../chardev/index.ts'
import {
  type KeyvalObject,
  type KeyvalText,
  OptionError,
  type OptionKinds,
  type OptionList,
  optionListHelp,
  parseKeyval,
  parseOptionList,
} from '../keyval/index.ts'
import type { MachineConfig } from './config.ts'
import { ConfigError } from './config-error.ts'
import { type AccelWish, accelHelp, accelOf } from './settings/accel.ts'
import { actionKinds, actionsOf } from './settings/actions.ts'
import { readBlockdev } from './settings/blockdevs.ts'
import { bootKinds, bootOf } from './settings/boot.ts'
import { CharacterDevices, chardevHelp, monKinds } from './settings/character-devices.ts'
import { checkCpu, cpuHelp } from './settings/cpu.ts'
import { type DeviceWords, devicesOf, readDevice } from './settings/devices.ts'
import { checkDisplay, displayHelp, vgaHelp, vgaOf } from './settings/display.ts'
import { isJsonOption } from './settings/json-option.ts'
import { checkCpuCount, checkMachineProperties, machineHelp, machineTypeOf, smpKinds } from './settings/machine-type.ts'
import { memoryKinds, ramBytesOf } from './settings/memory.ts'
import { nameKinds, namesOf, parseUuid } from './settings/name.ts'
import { checkNewObject, type ObjectConfig, readObject } from './settings/objects.ts'
import { rtcBaseOf, rtcKinds, rtcStopsOf } from './settings/rtc.ts'

export interface DraftOptions {
  /** Hears of what is taken but should not be said like that, or has no effect; without a prefix, maybe with hints below. */
  readonly warn?: (text: string) => void
}

/** What an option's `help` answers. */
export interface HelpText {
  readonly text: string
  /** What the program ends with: QEMU says 1 where help came instead of something that it needed. */
  readonly status: 0 | 1
}

/**
 * A machine's configuration while it is being said, one setting after another, in the words of QEMU's options.
 *
 * Settings check their syntax at once; what they mean together is found out by `finish()`, in QEMU's order of complaint.
 * A setting takes the option's value and its `origin`: the option as it was written, which complaints name.
 */
export class ConfigDraft {
  readonly #warn: (text: string) => void
  readonly #names: OptionList[] = []
  readonly #memory: OptionList[] = []
  readonly #rtc: OptionList[] = []
  /** What -machine and the options that are short for parts of it say. */
  readonly #machine: KeyvalObject = Object.create(null)
  readonly #accels: AccelWish[] = []
  readonly #objects: ObjectConfig[] = []
  readonly #blockdevs: { readonly options: OptionValues; readonly origin: string }[] = []
  readonly #drives: { readonly values: Readonly<Record<string, string>>; readonly origin: string }[] = []
  readonly #devices = new CharacterDevices()
  readonly #extraDevices: { readonly words: DeviceWords; readonly origin: string; readonly json: boolean }[] = []
  readonly #firmwareFolders: string[] = []
  #help: HelpText | undefined
  #uuid: string | undefined
  #cpu: string | undefined
  #vga: string | undefined
  #startPaused = false
  #snapshot = false
  #defaults = true
  #defaultSerial = 'vc:80Cx24C'
  readonly #actions: OptionList[] = []
  /** The first option that said something of them. */
  #actionsOrigin: string | undefined

  constructor({ warn = () => undefined }: DraftOptions = {}) {
    this.#warn = warn
  }

  /** The answer to the first setting that asked for help; nothing is to be built then. */
  get help(): HelpText | undefined {
    return this.#help
  }

  /** What the process is to be called. */
  get processName(): string | undefined {
    return namesOf(this.#names).process
  }

  /** Whether -nographic was said. */
  get usesTerminal(): boolean {
    return this.#defaultSerial === 'stdio'
  }

  /** @throws {ConfigError} as all settings do: if the value is malformed */
  name(text: string, origin: string): void {
    this.#names.push(this.#list('name', nameKinds, 'guest', text, origin))
  }

  uuid(text: string, origin: string): void {
    this.#uuid = inWordsOf(origin, () => parseUuid(text))
  }

  memory(text: string, origin: string): void {
    this.#memory.push(this.#list('memory', memoryKinds, 'size', text, origin))
  }

  machine(text: string, origin: string): void {
    this.#say(this.#machine, this.#keyval(text, 'type', origin, { text: machineHelp, status: 0 }))
  }

  smp(text: string, origin: string): void {
    const help = { text: optionListHelp('smp-opts', smpKinds), status: 0 } as const
    this.#say(this.#machine, { smp: this.#keyval(text, 'cpus', origin, help) })
  }

  boot(text: string, origin: string): void {
    const help = { text: optionListHelp('boot-opts', bootKinds), status: 0 } as const
    this.#say(this.#machine, { boot: this.#keyval(text, 'order', origin, help) })
  }

  /** -kernel, -initrd, -append and -bios. */
  bootFile(member: 'kernel' | 'initrd' | 'append' | 'firmware', text: string): void {
    this.#machine[member] = text
  }

  /** -L: a folder for firmware, ahead of the usual ones. */
  firmwareFolder(path: string): void {
    if (isHelp(path)) this.#answer({ text: firmwareHelp(this.#firmwareFolders), status: 0 })
    else this.#firmwareFolders.push(path)
  }

  accel(text: string, origin: string): void {
    const list = inWordsOf(origin, () =>
      parseOptionList(text, { impliedName: 'accel', warn: (warning) => this.#warn(`${origin}: warning: ${warning}`) }),
    )
    const name = list.get('accel')
    if (name === undefined || isHelp(name)) this.#answer({ text: accelHelp, status: 0 })
    else this.#accels.push({ name, list, origin })
  }

  cpu(text: string): void {
    if (isHelp(text)) this.#answer({ text: cpuHelp, status: 0 })
    this.#cpu = text
  }

  vga(text: string): void {
    if (isHelp(text)) this.#answer({ text: vgaHelp, status: 0 })
    this.#vga = text
  }

  display(text: string, origin: string): void {
    if (isHelp(text)) this.#answer({ text: displayHelp, status: 0 })
    else inWordsOf(origin, () => checkDisplay(text))
  }

  /** -nographic: the first serial port is standard input and output, unless it is said to be something else. */
  noGraphic(): void {
    this.#defaultSerial = 'stdio'
  }

  object(text: string, origin: string): void {
    const object = inWordsOf(origin, () => readObject(text))
    if (typeof object === 'string') {
      this.#answer({ text: object, status: 0 })
      return
    }
    inWordsOf(origin, () => checkNewObject(object, this.#objects))
    this.#objects.push(object)
  }

  blockdev(text: string, origin: string): void {
    this.#blockdevs.push({ options: inWordsOf(origin, () => readBlockdev(text)), origin })
  }

  drive(text: string, origin: string): void {
    const list = this.#list('drive', undefined, undefined, text, origin)
    this.#drives.push({ values: list.toRecord(), origin })
  }

  /** -hda, -cdrom, -fda, ... */
  driveFile(place: DriveShorthand, path: string, origin: string): void {
    this.#drives.push({ values: shorthandDrive(place, path), origin })
  }

  chardev(text: string, origin: string): void {
    const list = this.#list('chardev', chardevOptionKinds, 'backend', text, origin)
    if (isHelp(list.get('backend'))) this.#answer({ text: chardevHelp, status: 0 })
    this.#devices.chardev(list, origin)
  }

  serial(text: string, origin: string): void {
    this.#devices.serial(text, origin)
  }

  qmp(text: string, origin: string, pretty = false): void {
    this.#devices.qmp(text, origin, pretty)
  }

  /** -monitor, of which there is only `none`. */
  humanMonitor(text: string, origin: string): void {
    this.#devices.humanMonitor(text, origin)
  }

  mon(text: string, origin: string): void {
    this.#devices.mon(this.#list('mon', monKinds, 'chardev', text, origin), origin)
  }

  rtc(text: string, origin: string): void {
    this.#rtc.push(this.#list('rtc', rtcKinds, undefined, text, origin))
  }

  /** -snapshot: nothing that is written to drives is kept. */
  snapshot(): void {
    this.#snapshot = true
  }

  /** -S */
  startPaused(): void {
    this.#startPaused = true
  }

  /** -nodefaults */
  noDefaults(): void {
    this.#defaults = false
  }

  /** -action, and the options that are short for parts of it. */
  action(text: string, origin: string): void {
    this.#actions.push(this.#list('action', actionKinds, undefined, text, origin))
    this.#actionsOrigin ??= origin
  }

  /** -device */
  device(text: string, origin: string): void {
    const wish = inWordsOf(origin, () => readDevice(text, (said) => this.#warn(`${origin}: warning: ${said}`)))
    if (wish.help !== undefined) this.#answer({ text: wish.help, status: 0 })
    else this.#extraDevices.push({ words: wish.words, origin, json: isJsonOption(text) })
  }

  /**
   * What was said, understood and frozen.
   *
   * @throws {ConfigError} if it cannot be
   */
  finish(): MachineConfig {
    const actions = inWordsOf(this.#actionsOrigin, () => actionsOf(this.#actions))
    const kernel = this.#kernel()
    const rtcBase = meant(() => rtcBaseOf(this.#rtc, Date.now(), this.#warning))
    const type = meant(() => machineTypeOf(memberText(this.#machine, 'type')))
    const machine = type.name === 'none' ? 'none' : 'pc'
    const vga = meant(() => vgaOf(this.#vga ?? (this.#defaults ? 'std' : 'none'))) && machine === 'pc'
    const chardevs = this.#devices.backends()
    const drives = this.#drives.map(({ values, origin }) => ({
      ...inWordsOf(origin, () => driveFromOptions(this.#snapshot ? { snapshot: 'on', ...values } : values)),
      origin,
    }))
    const boot = meant(() => bootOf(memberObject(this.#machine, 'boot'), machine, this.#warning))
    meant(() => checkCpuCount(memberObject(this.#machine, 'smp'), type))
    const ramBytes = meant(() => ramBytesOf(this.#memory, machine))
    meant(() => checkMachineProperties(this.#machine, type))
    const accel = this.#accel()
    if (this.#defaults && machine === 'pc' && !this.#devices.hasSerial)
      this.#devices.serial(this.#defaultSerial, undefined)
    const { monitors, serial } = this.#devices.frontends(chardevs, machine)
    // QEMU builds what is said in JSON behind all that is said in words.
    const said = [false, true].flatMap((json) => this.#extraDevices.filter((device) => device.json === json))
    const { devices, driveDevices } = devicesOf(said, machine)
    meant(() => checkCpu(this.#cpu ?? 'v86'))
    if (kernel !== undefined && machine === 'none')
      throw ConfigError.at(
        undefined,
        "The -kernel parameter is not supported (use the generic 'loader' device instead).",
      )
    return deepFreeze({
      name: namesOf(this.#names).guest,
      uuid: this.#uuid,
      machine,
      accel: machine === 'none' ? 'none' : accel,
      ramBytes,
      firmware: { bios: memberText(this.#machine, 'firmware'), folders: this.#firmwareFolders },
      kernel,
      boot,
      secrets: this.#objects.flatMap((one) => (one.type === 'secret' ? [one.object] : [])),
      throttleGroups: this.#objects.flatMap((one) => (one.type === 'throttle-group' ? [one.object] : [])),
      blockdevs: this.#blockdevs,
      drives,
      defaultDrives: this.#defaults && machine === 'pc' ? defaultDrivesBeside(driveDevices) : [],
      chardevs,
      monitors,
      serial,
      vga,
      vmport: this.#machine.vmport !== 'off',
      startPaused: this.#startPaused,
      actions,
      rtcBase,
      rtcStops: rtcStopsOf(this.#rtc),
      devices,
      driveDevices,
    })
  }

  #kernel(): MachineConfig['kernel'] {
    const [image, initrd, append] = ['kernel', 'initrd', 'append'].map((name) => memberText(this.#machine, name))
    if (image !== undefined) return { image, initrd, append: append ?? '' }
    if (append !== undefined) throw ConfigError.at(undefined, '-append only allowed with -kernel option')
    if (initrd !== undefined) throw ConfigError.at(undefined, '-initrd only allowed with -kernel option')
    return undefined
  }

  #accel(): MachineConfig['accel'] {
    const names = memberText(this.#machine, 'accel')
    if (names === undefined) return accelOf(this.#accels, this.#warn)
    if (this.#accels.length > 0)
      throw ConfigError.at(undefined, 'The -accel and "-machine accel=" options are incompatible')
    return accelOf(
      names.split(':').map((name) => ({ name, origin: undefined })),
      this.#warn,
    )
  }

  readonly #warning = (text: string): void => this.#warn(`warning: ${text}`)

  #list(
    title: string,
    kinds: OptionKinds | undefined,
    implied: string | undefined,
    text: string,
    origin: string,
  ): OptionList {
    const list = inWordsOf(origin, () =>
      parseOptionList(text, {
        ...(kinds === undefined ? {} : { kinds, help: true }),
        ...(implied === undefined ? {} : { impliedName: implied }),
        warn: (warning) => this.#warn(`${origin}: warning: ${warning}`),
      }),
    )
    if (list.help) this.#answer({ text: optionListHelp(title, kinds ?? {}), status: 1 })
    return list
  }

  #keyval(text: string, implied: string, origin: string, answer: HelpText): KeyvalObject {
    const { object, help } = inWordsOf(origin, () => parseKeyval(text, implied))
    if (help) this.#answer(answer)
    return object
  }

  /** Lets `object` say in `target` what it says; of two texts the later counts. */
  #say(target: KeyvalObject, object: KeyvalObject): void {
    for (const [name, value] of Object.entries(object)) {
      const there = target[name]
      if (isObject(there) && isObject(value)) this.#say(there, value)
      else target[name] = value
    }
  }

  #answer(help: HelpText): void {
    this.#help ??= help
  }
}

/** Who asks for a disk or CD drive by name gets no CD drive besides; the same holds for floppy drives. */
function defaultDrivesBeside(devices: MachineConfig['driveDevices']): DefaultDrive[] {
  const has = (...models: string[]): boolean => devices.some(({ model }) => models.includes(model))
  return [
    ...(has('ide-cd', 'ide-hd') ? [] : (['cdrom'] as const)),
    ...(has('floppy') ? [] : (['floppy'] as const)),
    'sdcard',
  ]
}

function firmwareHelp(folders: readonly string[]): string {
  return [...folders, ...usualFirmwareFolders].map((folder) => `${folder}\n`).join('')
}

/** Runs what QEMU complains about without naming an option. */
function meant<T>(read: () => T): T {
  return inWordsOf(undefined, read)
}

function inWordsOf<T>(origin: string | undefined, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof OptionError || error instanceof BlockError) throw ConfigError.at(origin, error.message, error)
    throw error
  }
}

function memberText(object: KeyvalObject, name: string): string | undefined {
  const value = object[name]
  if (value === undefined || typeof value === 'string') return value
  throw ConfigError.at(undefined, `Invalid parameter type for '${name}', expected: string`)
}

function memberObject(object: KeyvalObject, name: string): KeyvalObject {
  const value = object[name] ?? {}
  if (isObject(value)) return value
  throw new OptionError(`Invalid parameter type for '${name}', expected: object`)
}

function isObject(value: KeyvalText | undefined): value is KeyvalObject {
  return typeof value === 'object' && !Array.isArray(value)
}

function isHelp(text: string | undefined): boolean {
  return text === 'help' || text === '?'
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) deepFreeze(member)
  return Object.freeze(value)
}
