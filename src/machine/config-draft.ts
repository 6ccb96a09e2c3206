import {
  type DriveShorthand,
  driveFromOptions,
  type OptionValues,
  shorthandDrive,
  supportedDrivers,
} from '../block/index.ts'
import { chardevHelp, chardevOptionKinds } from '../chardev/index.ts'
import type { DeviceWords } from '../devices/index.ts'
import {
  type KeyvalObject,
  type OptionKinds,
  type OptionList,
  optionListHelp,
  parseKeyval,
  parseOptionList,
} from '../keyval/index.ts'
import type { MachineConfig } from './config.ts'
import { ConfigError, inWordsOf, meant } from './config-error.ts'
import type { HelpText } from './help-text.ts'
import { type AccelWish, accelHelp, accelSaid } from './settings/accel.ts'
import { actionKinds, actionsOf } from './settings/actions.ts'
import { readBlockdev } from './settings/blockdevs.ts'
import { bootKinds, bootOf } from './settings/boot.ts'
import { CharacterDevices, monKinds } from './settings/character-devices.ts'
import { checkCpu, cpuHelp } from './settings/cpu.ts'
import { checkCpuCount, smpKinds } from './settings/cpu-topology.ts'
import { defaultDrivesBeside } from './settings/default-drives.ts'
import { devicesOf, readDevice } from './settings/devices.ts'
import { vgaHelp, vgaOf } from './settings/display.ts'
import { FirmwareDraft } from './settings/firmware-draft.ts'
import { type GlobalShape, Globals } from './settings/globals.ts'
import { isJsonOption } from './settings/json-option.ts'
import { kernelOf } from './settings/kernel.ts'
import { listRules } from './settings/list-rules.ts'
import { flashSettings, machineHelp, machinePropertiesOf, machineTypeOf } from './settings/machine-type.ts'
import { deepFreeze, isHelp, isObject, memberObject, memberText } from './settings/members.ts'
import { memoryKinds, ramBytesOf } from './settings/memory.ts'
import { MemoryBackends } from './settings/memory-backends.ts'
import { nameKinds, namesOf } from './settings/name.ts'
import { NetworkDraft } from './settings/network-draft.ts'
import { networkWarnings } from './settings/network-warnings.ts'
import { NetworkPlan } from './settings/networks.ts'
import { checkNewObject, type ObjectConfig, readObject, typeOfObject } from './settings/objects.ts'
import { addFdKinds, passedDescriptorOf } from './settings/passed-descriptors.ts'
import { QtestDraft } from './settings/qtest.ts'
import { rtcBaseOf, rtcKinds, rtcStopsOf } from './settings/rtc.ts'
import { ScreenDraft } from './settings/screen-draft.ts'
import { setMember } from './settings/set-option.ts'
import { SharedFolders } from './settings/shared-folders.ts'
import { StartDraft } from './settings/start-draft.ts'
import { virtioDevicesOf } from './settings/virtio-drives.ts'

export interface DraftOptions {
  /** Hears of what is taken but should not be said like that, or has no effect; without a prefix, maybe with hints below. */
  readonly warn?: (text: string) => void
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
  readonly #addFds: { readonly list: OptionList; readonly origin: string }[] = []
  readonly #globals = new Globals()
  /** What the guest's firmware is given. */
  readonly firmware: FirmwareDraft
  /** Who looks at the guest's screen. */
  readonly screens: ScreenDraft
  /** Cards, and what is behind them. */
  readonly networks: NetworkDraft
  readonly folders: SharedFolders
  #help: HelpText | undefined
  #cpu: string | undefined
  #vga: string | undefined
  readonly start = new StartDraft()
  readonly qtest = new QtestDraft()
  /** -no-fd-bootchk */
  anyFloppy = false
  #snapshot = false
  #preallocated = false
  #defaults = true
  /** Where the monitor and the serial port are that nobody asked for: on the screen, or (-nographic) at the terminal. */
  #defaultDevice: 'vc:80Cx24C' | 'stdio' = 'vc:80Cx24C'
  readonly #actions: OptionList[] = []
  /** The first option that said something of them. */
  #actionsOrigin: string | undefined

  constructor({ warn = () => undefined }: DraftOptions = {}) {
    this.#warn = warn
    const answer = (help: HelpText): void => this.#answer(help)
    this.firmware = new FirmwareDraft({ warn, answer })
    this.screens = new ScreenDraft({ warn, answer })
    this.networks = new NetworkDraft({ warn, answer })
    this.folders = new SharedFolders(warn)
  }

  /** The answer to the first setting that asked for help; nothing is to be built then. */
  get help(): HelpText | undefined {
    return this.#help
  }

  /** What the process is to be called. */
  get processName(): string | undefined {
    return namesOf(this.#names).process
  }

  /** Whether -nographic connects something to standard input and output. */
  get needsTerminal(): boolean {
    const allSaid = this.#hasSerial && this.#devices.hasMonitor && this.#hasParallel
    return this.usesTerminal && this.#defaults && !allSaid
  }

  get guestName(): string | undefined {
    return namesOf(this.#names).guest
  }

  /** Whether -nographic was said. */
  get usesTerminal(): boolean {
    return this.#defaultDevice === 'stdio'
  }

  /** @throws {ConfigError} as all settings do: if the value is malformed */
  name(text: string, origin: string): void {
    this.#names.push(this.#list('name', nameKinds, 'guest', text, origin))
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

  /** -nographic: the first serial port is standard input and output, unless it is said to be something else. */
  noGraphic(): void {
    this.#defaultDevice = 'stdio'
    this.screens.none()
  }

  object(text: string, origin: string): void {
    const warn = (about: string): void => this.#warn(`${origin}: warning: ${about}`)
    const object = inWordsOf(origin, () => readObject(text, warn))
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
    const values = list.toRecord()
    this.#drives.push({ values, origin })
    if (!isHelp(values['format'])) return
    inWordsOf(origin, () => driveFromOptions(values))
    this.#answer({ text: supportedDrivers(), status: 0 })
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

  /** -add-fd: a descriptor that the program was started with, for a set that files are opened from. */
  addFd(text: string, origin: string): void {
    this.#addFds.push({ list: this.#list('add-fd', addFdKinds, undefined, text, origin), origin })
  }

  serial(text: string, origin: string): void {
    this.#devices.serial(text, origin)
  }

  /** -debugcon: a device for what a guest prints while it is written, and its character device. */
  debugcon(text: string, origin: string): void {
    this.#devices.debugcon(text, origin)
  }

  qmp(text: string, origin: string, pretty = false): void {
    this.#devices.monitor(text, origin, 'control', pretty)
  }

  /** -monitor */
  humanMonitor(text: string, origin: string): void {
    this.#devices.monitor(text, origin, 'readline', false)
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

  /** -mem-prealloc */
  preallocate(): void {
    this.#preallocated = true
  }

  /** -nodefaults */
  noDefaults(): void {
    this.#defaults = false
  }

  parallel(text: string, origin: string): void {
    this.#devices.parallel(text, origin)
  }

  /** -global */
  global(text: string, origin: string): void {
    inWordsOf(origin, () => this.#globals.add(text, (about) => this.#warn(`${origin}: warning: ${about}`)))
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

  /** -set: of a device or a drive that was asked for before; one that was said in JSON is none. */
  set(text: string, origin: string): void {
    const others = {
      chardev: (id: string) => this.#devices.names(id),
      netdev: (id: string) => this.networks.names(id),
    }
    inWordsOf(origin, () => setMember(text, { devices: this.#extraDevices, drives: this.#drives, others }))
  }

  #globalShape(machine: MachineConfig['machine'], acpi: boolean): GlobalShape {
    const asked = (driver: string): boolean => this.#asksFor(driver)
    return { machine, acpi, asked, vga: this.#vga, serial: this.#devices.hasSerial }
  }

  /** Whether anything is said of a kind of device: then none is there that nobody has asked for. */
  #isNamed(driver: string): boolean {
    return this.#asksFor(driver) || this.#globals.names(driver)
  }

  #asksFor(driver: string): boolean {
    return this.#extraDevices.some(({ words }) => words['driver'] === driver)
  }

  /** Whether a serial port was asked for. */
  get #hasSerial(): boolean {
    return this.#devices.hasSerial || this.#asksFor('isa-serial')
  }

  /** The same of a parallel port. */
  get #hasParallel(): boolean {
    return this.#devices.hasParallel || this.#isNamed('isa-parallel')
  }

  /**
   * The monitor and the ports that are there unless it is said otherwise. At a terminal monitor and serial port share it,
   * and nothing is behind the parallel port.
   */
  #addDefaultDevices(machine: MachineConfig['machine']): void {
    if (!this.#defaults) return
    const serial = machine === 'pc' && !this.#hasSerial && !this.#globals.names('isa-serial')
    const monitor = !this.#devices.hasMonitor
    const shared = serial && monitor && this.#defaultDevice === 'stdio'
    if (serial) this.#devices.serial(shared ? 'mon:stdio' : this.#defaultDevice, undefined)
    if (machine === 'pc' && !this.#hasParallel)
      this.#devices.parallel(this.usesTerminal ? 'null' : this.#defaultDevice, undefined)
    if (monitor && !shared) this.#devices.monitor(this.#defaultDevice, undefined, 'readline', false)
  }

  /**
   * What was said, understood and frozen.
   *
   * @throws {ConfigError} if it cannot be
   */
  finish(): MachineConfig {
    const actions = inWordsOf(this.#actionsOrigin, () => actionsOf(this.#actions))
    const passedDescriptors = this.#addFds.map(({ list, origin }) => ({
      ...inWordsOf(origin, () => passedDescriptorOf(list)),
      origin,
    }))
    const kernel = kernelOf(this.#machine)
    this.start.check()
    const rtcBase = meant(() => rtcBaseOf(this.#rtc, Date.now(), this.#warning))
    const type = meant(() => machineTypeOf(memberText(this.#machine, 'type')))
    const machine = type.name === 'none' ? 'none' : 'pc'
    const vga =
      meant(() => vgaOf(this.#vga ?? (this.#defaults && !this.#isNamed('VGA') ? 'std' : 'none'))) && machine === 'pc'
    const acpi = this.#machine.acpi !== 'off'
    const globalShape = this.#globalShape(machine, acpi)
    this.#addDefaultDevices(machine)
    const chardevs = this.#devices.backends()
    const qtest = this.qtest.finish(chardevs)
    const drives = this.#drives.map(({ values, origin }) => {
      const given = this.#snapshot ? { snapshot: 'on', ...values } : values
      const warn = (text: string): void => this.#warn(`${origin}: warning: ${text}`)
      return { ...inWordsOf(origin, () => driveFromOptions(given, { warn })), origin }
    })
    const boot = meant(() => bootOf(memberObject(this.#machine, 'boot'), machine, this.#warning))
    meant(() => checkCpuCount(memberObject(this.#machine, 'smp'), type, this.#warning))
    const memoryName = memberText(this.#machine, 'memory-backend')
    const backends = new MemoryBackends(this.#objects)
    const ramBytes = meant(() => ramBytesOf(this.#memory, machine, backends.named(memoryName)?.size))
    const machineProperties = meant(() => machinePropertiesOf(this.#machine, type))
    const accel = accelSaid(memberText(this.#machine, 'accel'), this.#accels, this.#warn)
    const { monitors, serial, serialPorts, parallel } = this.#devices.frontends(chardevs, machine)
    const debugcon = this.#devices.openDebugcon(
      chardevs,
      this.#extraDevices.map(({ words }) => words['id']),
    )
    // QEMU builds what is said in JSON behind all that is said in words.
    const said = [false, true].flatMap((json) => [
      ...this.#extraDevices.filter((device) => device.json === json),
      ...(json || debugcon === undefined ? [] : [{ ...debugcon, json }]),
      ...(json ? [] : virtioDevicesOf(drives).map((device) => ({ ...device, json }))),
    ])
    const wishes = said.map(({ words, ...more }) => ({
      ...more,
      words: inWordsOf(more.origin, () => this.#globals.with(words)),
      driveSaidFor: this.#globals.driveSaidFor(words),
    }))
    const tellsOfNetworks = this.networks.said || !this.#defaults
    if (!tellsOfNetworks) this.networks.addDefaults()
    const { netdevs, cards: cardWishes } = this.networks.plan()
    const network = new NetworkPlan(netdevs, this.firmware.folders)
    const { videoCard, serialDevices, driveDevices, ...found } = devicesOf(wishes, {
      ...{ machine, vga, acpi, serialPorts, parallel, network },
      objectType: (id) => typeOfObject(this.#objects, id),
      checkFolder: this.folders.check,
      cards: machine === 'pc' ? cardWishes : [],
      withGlobals: (words) => this.#globals.with(words),
    })
    if (tellsOfNetworks) networkWarnings({ netdevs, wishes: cardWishes, ...found }).forEach(this.#warning)
    meant(() => checkCpu(this.#cpu ?? 'v86'))
    meant(() => this.#globals.checkBuiltIn(globalShape, this.#warning))
    if (kernel !== undefined && machine === 'none')
      throw ConfigError.at(
        undefined,
        "The -kernel parameter is not supported (use the generic 'loader' device instead).",
      )
    this.#globals.tellUnknown(globalShape, this.#warning)
    return deepFreeze({
      name: namesOf(this.#names).guest,
      ...this.firmware.tables,
      machine,
      machineProperties,
      accel: machine === 'none' ? 'none' : accel,
      ramBytes,
      memoryBackends: backends.list(machine, memoryName, ramBytes, this.#preallocated),
      firmware: { bios: memberText(this.#machine, 'firmware'), folders: this.firmware.folders },
      flash: flashSettings.map((name) => memberText(this.#machine, name)),
      kernel,
      fwCfg: this.firmware.files(
        machine,
        this.#objects.map(({ object }) => object.id),
      ),
      boot: { ...boot, anyFloppy: this.anyFloppy },
      passedDescriptors,
      secrets: this.#objects.flatMap((one) => (one.type === 'secret' ? [one.object] : [])),
      objects: this.#objects.flatMap((one) => (one.type === 'other' ? [one.object] : [])),
      throttleGroups: this.#objects.flatMap((one) => (one.type === 'throttle-group' ? [one.object] : [])),
      blockdevs: this.#blockdevs,
      drives,
      defaultDrives:
        this.#defaults && machine === 'pc'
          ? defaultDrivesBeside(driveDevices, (driver) => this.#globals.names(driver))
          : [],
      drivenModels: this.#globals.drivenModels,
      sharedFolders: this.folders.all,
      ...{ chardevs, qtest, netdevs, monitors, serial, serialDevices },
      vga: vga || videoCard !== undefined,
      videoCard,
      displays: this.screens.displays(),
      spice: this.screens.spiceServer(),
      consolePage: this.screens.consolePage,
      keymap: this.screens.keymap,
      windows: this.screens.windows,
      serialConsole: this.usesTerminal || this.#machine.graphics === 'off',
      vmport: this.#machine.vmport !== 'off',
      acpi,
      startPaused: this.start.paused,
      incoming: this.start.incoming,
      loadvm: this.start.snapshot,
      actions,
      rtcBase,
      rtcStops: rtcStopsOf(this.#rtc),
      driveDevices,
      ...found,
    })
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
        ...listRules(title, kinds, implied),
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
