import type { PointerEvent, TrayView } from '../board.ts'
import { BoardError } from '../board-error.ts'
import type { GeneralEvent } from '../bus/device-bus.ts'
import type { GuestLink, GuestSides } from '../bus/guest-device.ts'
import { type DeviceShape, PluggedDevices } from '../bus/plugged-devices.ts'
import type { DriveSlot } from '../drive-config.ts'
import { hotplugEvent } from '../pci/pci-hotplug.ts'
import { shapeOf } from '../state/board-shape.ts'
import { packDevices, unpackDevices } from '../state/device-state.ts'
import { Brake } from './cpu/brake.ts'
import { TranslationCount } from './cpu/code-cache.ts'
import { forgetCodePage, patchCodeWindows } from './cpu/code-windows.ts'
import { patchGuestCode } from './cpu/guest-code.ts'
import { breakOff, catchGuestStops, forgetBreak, standStill } from './cpu/guest-stop.ts'
import { patchIdleYield } from './cpu/idle-yield.ts'
import { LineRises } from './cpu/line-rises.ts'
import { NmiLine } from './cpu/nmi.ts'
import { completeCpuReset, completePowerOn, PowerOnState } from './cpu/power-on-state.ts'
import { stepTime } from './cpu/stepped-time.ts'
import { Throttle } from './cpu/throttle.ts'
import type { VirtualClock } from './cpu/virtual-clock.ts'
import { BoardDrives, type BuiltDisks, buildDisks } from './devices/board-drives.ts'
import { completeDmaControllers } from './devices/dma-controllers.ts'
import { FwCfg } from './devices/fw-cfg.ts'
import { Mc146818 } from './devices/mc146818.ts'
import { Piix4Pm, silencePowerManagement } from './devices/piix4-pm.ts'
import { I8042 } from './devices/ps2/i8042.ts'
import { KeyboardQueue } from './devices/ps2/keyboard-queue.ts'
import { SerialLines } from './devices/serial-lines.ts'
import { V86DeviceBus } from './devices/v86-device-bus.ts'
import { silenceBackdoor, Vmmouse } from './devices/vmmouse.ts'
import type { EmulatorCore } from './emulator-core.ts'
import { BiosKeyboard } from './firmware/bios-keyboard.ts'
import { BiosRom } from './firmware/bios-rom.ts'
import { writeBootOrder } from './firmware/boot-order.ts'
import { bootOrder, bootOrderFile, firmwareFiles, firmwareItems, listenToFirmware } from './firmware/firmware-files.ts'
import { freeGeneralEvent } from './firmware/general-events.ts'
import { boundBusMasters } from './memory/bus-masters.ts'
import { GuestMemory } from './memory/guest-memory.ts'
import { addPcFunctions } from './pci/pc-functions.ts'
import { PciBus } from './pci/pci-bus.ts'
import { removeAbsentPorts } from './ports/absent-ports.ts'
import { completeWideAccess } from './ports/wide-access.ts'
import { SavedState, v86Version } from './saved-state.ts'
import { ScreenCapture } from './screen/screen-capture.ts'
import { ScreenWatch } from './screen/screen-watch.ts'
import { patchVbeVirtualWidth } from './screen/vbe-virtual-width.ts'
import { patchVgaPorts } from './screen/vga-ports.ts'
import { VgaPowerOnState } from './screen/vga-reset.ts'
import { patchTextDrawing } from './screen/vga-text-drawing.ts'
import type { HostRequests } from './thread/host-requests.ts'
import type { StatefulDevice, V86Cpu, V86Emulator } from './v86-internals.ts'
import type { MediumShape, Notice, WorkerConfig } from './wire.ts'

/** v86, patched into the PC that the board promises. One to a thread: v86's clock is the thread's. */
export class Emulator {
  readonly memory: GuestMemory
  readonly keyboard: KeyboardQueue
  readonly serial: SerialLines
  readonly pci: PciBus
  readonly lineRises: LineRises
  readonly translations: TranslationCount
  readonly devices: PluggedDevices
  /** For who waits until something changes on the screen. */
  readonly screenWatch = new ScreenWatch((serial) => this.screen.changes(serial))
  readonly #screen: ScreenCapture | undefined
  readonly #v86: V86Emulator
  readonly #clock: VirtualClock
  readonly #notify: (notice: Notice, given?: readonly ArrayBuffer[]) => void
  readonly #power: Piix4Pm | undefined
  readonly #ps2: I8042
  readonly #vmmouse: Vmmouse | undefined
  readonly #bios: BiosRom
  readonly #drives: BoardDrives
  readonly #nmi: NmiLine
  readonly #powerOn: PowerOnState
  readonly #vgaPowerOn: VgaPowerOnState
  #bootOrder: string
  readonly #saved: SavedState
  readonly #rtc: Mc146818
  readonly #fwCfg: FwCfg
  /** What has asked last to wake the guest. */
  #waker: 'alarm' | 'other' = 'other'
  readonly #config: WorkerConfig
  readonly #brake: Brake
  readonly throttle: Throttle

  /** Builds the machine around its core and leaves it standing still, about to execute its first instruction. */
  static async build(
    core: EmulatorCore,
    config: WorkerConfig,
    requests: HostRequests,
    notify: (notice: Notice, given?: readonly ArrayBuffer[]) => void,
    guests: GuestSides,
  ): Promise<Emulator> {
    const built = await buildDisks(config, requests)
    const made = new Emulator({ ...core, config, requests, built, notify, guests })
    for (const device of config.devices) await made.devices.plug(device, { hot: false })
    return made
  }

  private constructor({ config, emulator, clock, requests, built, notify, guests, takePanic }: Built) {
    const { cpu } = emulator.v86
    this.#v86 = emulator
    this.#config = config
    this.#notify = notify
    this.#clock = clock
    this.#bootOrder = config.bootOrder
    writeBootOrder(cpu, config.bootOnce ?? config.bootOrder, config.bootsAnyFloppy)
    this.lineRises = new LineRises(cpu)
    boundBusMasters(cpu)
    this.#drives = new BoardDrives(cpu, clock, { config, built, requests })
    patchIdleYield(emulator.v86)
    patchGuestCode(cpu)
    patchCodeWindows(cpu)
    this.translations = new TranslationCount(cpu)
    removeAbsentPorts(cpu.io, config.absentSerialPorts)
    completeDmaControllers(cpu.io, cpu.devices.dma)
    patchTextDrawing(cpu.devices.vga)
    patchVbeVirtualWidth(emulator)
    if (config.logFirmware === true) listenToFirmware(cpu, (line) => notify({ type: 'firmwareLog', line }))
    const stopped = (notice: Notice): void => {
      this.#clock.stop()
      this.serial.move() // what the guest sent before comes before
      this.devices.settle()
      notify(notice)
    }
    this.pci = new PciBus(cpu)
    this.#bios = new BiosRom(cpu, this.pci.memory, config.firmware.bios)
    this.#brake = new Brake(emulator.v86)
    this.throttle = new Throttle(this.#brake)
    const stop = (notice: Notice): void => {
      if (breakOff(emulator)) stopped(notice)
    }
    const acpi = config.acpi !== false
    this.#power = acpi ? this.#buildPower(stop) : silencePowerManagement(this.pci.ports)
    this.#rtc = this.#buildClock(config)
    addPcFunctions(this.pci, cpu, { config, power: this.#power, busMaster: this.#drives.busMasterPorts() })
    this.memory = new GuestMemory(cpu, () => this.pci.memoryRanges())
    const files = { items: firmwareItems(config), files: firmwareFiles(config) }
    this.#fwCfg = new FwCfg(cpu, { memory: this.memory, acpi, ...files })
    for (const table of config.acpiTables ?? []) this.#fwCfg.addTable(() => table)
    const bus = new V86DeviceBus({
      ...{ cpu, pci: this.pci, memory: this.memory, clock, fwCfg: this.#fwCfg, acpi },
      takeEvent: (number) => this.#takeEvent(number),
    })
    const own = new Set(this.pci.describe().map(({ slot }) => slot))
    this.devices = new PluggedDevices({
      ...{ bus, guests, linkOf: (key) => this.#linkOf(key, stop) },
      raiseHotplug: () => this.#power?.raiseGeneral(hotplugEvent),
      gone: (keys) => notify({ type: 'unplugged', keys }),
      fixed: (slot) => own.has(slot),
    })
    this.#power?.answerHotplug(this.devices.hotplug)
    this.#ps2 = new I8042(cpu, (leds) => this.#notify({ type: 'keyboardLeds', leds }))
    this.keyboard = new KeyboardQueue(this.#ps2.keyboard, new BiosKeyboard(this.memory, clock.now))
    this.#vmmouse = this.#buildVmmouse(config)
    this.serial = new SerialLines(emulator, config.serialPorts, (port, bytes) =>
      notify({ type: 'serialOutput', port, bytes }),
    )
    const { vgaBios } = config.firmware
    this.#screen = config.vga ? new ScreenCapture({ machine: emulator, now: clock.now, vgaBios }) : undefined
    completeWideAccess(cpu.io)
    patchVgaPorts(emulator)
    completeCpuReset(cpu)
    completePowerOn(cpu)
    this.#powerOn = new PowerOnState(cpu)
    this.#vgaPowerOn = new VgaPowerOnState(cpu.devices.vga)
    this.#nmi = new NmiLine(emulator, this.memory)
    catchGuestStops(
      emulator,
      {
        reset: () => stopped({ type: 'guestReset' }),
        crash: (error) => stopped({ type: 'crashed', message: error.message }),
      },
      takePanic,
    )
    this.#saved = new SavedState(
      emulator,
      clock,
      new Map<string, StatefulDevice>([
        ['rtc', this.#rtc],
        ['fw-cfg', this.#fwCfg],
        ['drives', this.#drives],
        [
          'plugged',
          {
            get_state: () => this.devices.save(),
            set_state: (states) => this.devices.restore(states as readonly unknown[]),
          },
        ],
        [
          'pci-hotplug',
          {
            get_state: () => [this.devices.hotplug.save()],
            set_state: (states) => this.devices.hotplug.restore((states as readonly unknown[] | undefined)?.[0]),
          },
        ],
      ]),
    )
    this.#actAroundEachSlice()
  }

  get cpu(): V86Cpu {
    return this.#v86.v86.cpu
  }

  /** @throws {BoardError} kind `unavailable`, if the board has no VGA */
  get screen(): ScreenCapture {
    if (this.#screen === undefined) throw new BoardError('unavailable', 'the board has no display')
    return this.#screen
  }

  /** A machine that is stepped goes nowhere by itself. */
  resume(): void {
    if (this.#v86.v86.running) return
    this.memory.touched()
    this.devices.resumed()
    if (this.#config.stepped === true) return
    this.#clock.start()
    this.#v86.v86.run()
  }

  pause(): void {
    this.#standStill()
    this.serial.move()
    this.devices.settle()
  }

  /** Brings everything back to the state of power-on, but for RAM, which a reset line does not touch. */
  reset(): void {
    const { running } = this.#v86.v86
    this.#standStill()
    this.#powerOn.restore()
    this.#vgaPowerOn.restore()
    this.#power?.reset()
    this.pci.reset()
    this.#drives.reset()
    this.keyboard.reset()
    this.#vmmouse?.reset()
    this.#rtc.reset()
    this.#fwCfg.reset()
    this.devices.reset()
    this.#fwCfg.replaceFile(bootOrderFile, bootOrder(this.#config, this.devices.bootPlaces))
    Object.getPrototypeOf(this.cpu).reboot_internal.call(this.cpu)
    completeCpuReset(this.cpu)
    this.#nmi.reset()
    writeBootOrder(this.cpu, this.#bootOrder, this.#config.bootsAnyFloppy)
    if (running) this.resume()
  }

  wake(): void {
    const { cpu } = this
    cpu.devices.rtc.cmos_data[0x0f] = 0xfe // shutdown status: resume through the ACPI wake-up vector
    cpu.reset_cpu()
    completeCpuReset(cpu)
    this.#ps2.reset()
    this.#vmmouse?.reset()
    this.keyboard.reset()
    this.#power?.wake(this.#waker)
    this.#waker = 'other'
  }

  /** The firmware looks at it when the machine starts again. */
  setBootOrder(letters: string): void {
    this.#bootOrder = letters
    writeBootOrder(this.cpu, letters, this.#config.bootsAnyFloppy)
  }

  /** Keys go down or up: bytes of scan code set 1. */
  sendKeys(scanCodes: readonly number[]): void {
    this.keyboard.send(scanCodes)
    if (this.#ps2.keyboard.enabled) this.#offerWake()
    this.screenWatch.hurry()
    this.#rouse()
  }

  /** Something is done with a pointing device. */
  point(device: 'ps2' | 'vmmouse', events: readonly PointerEvent[]): void {
    if (device === 'ps2') this.#ps2.mouse.act(events)
    else this.#vmmouse?.act(events)
    if (device === 'ps2' && this.#ps2.mouse.pressed) this.#offerWake()
    this.screenWatch.hurry()
    this.#rouse()
  }

  pressPowerButton(): void {
    this.#power?.pressPowerButton()
    this.#rouse()
  }

  /** Plugs in a device while the machine is there: the guest is told. */
  async plug(device: DeviceShape): Promise<void> {
    await this.devices.plug(device, { hot: true })
    this.#rouse()
  }

  requestUnplug(key: string): void {
    this.devices.requestUnplug(key)
    this.#rouse()
  }

  injectNmi(): void {
    this.#nmi.request()
    this.#rouse()
  }

  /** @throws {BoardError} kind `unavailable`, if the machine runs */
  saveDevices(): Uint8Array {
    this.requireStandstill()
    const { omitted, bytes } = this.#saved.save()
    return packDevices(this.#shapeNow(), omitted, bytes, this.#saved.video)
  }

  /** @throws {BoardError} kind `state`, if it is not the state of such a machine; kind `unavailable`, if this one runs */
  restoreDevices(state: Uint8Array): void {
    this.requireStandstill()
    const { own, emulator, video } = unpackDevices(this.#shapeNow(), state, this.#saved.video.length)
    this.#saved.restore(own, emulator, video)
    this.keyboard.reset()
  }

  #shapeNow() {
    return shapeOf('v86', v86Version, this.#config, this.devices.describe())
  }

  /** @throws {BoardError} kind `unavailable`, if the machine runs */
  requireStandstill(): void {
    if (this.#v86.v86.running) throw new BoardError('unavailable', 'the board runs')
  }

  setMedium(slot: DriveSlot, shape: MediumShape | undefined, tray: TrayView): void {
    this.#drives.setMedium(slot, shape, tray)
  }

  resizeMedium(slot: DriveSlot, byteLength: number): void {
    this.#drives.resizeMedium(slot, byteLength)
  }

  requestEject(slot: DriveSlot): void {
    this.#drives.requestEject(slot)
  }

  /** Somebody beside the CPU does something to a device, which may have consequences. */
  access<T>(act: () => T): T {
    this.memory.touched()
    try {
      return act()
    } finally {
      forgetBreak(this.#v86)
      this.#settle()
    }
  }

  /** Lets the guest's time go on, of a machine that is stepped. @param milliseconds - see `stepTime()` */
  stepTo(milliseconds: number | undefined): Promise<void> {
    return stepTime({ cpu: this.cpu, clock: this.#clock, settle: () => this.access(() => undefined) }, milliseconds)
  }

  /** How long the guest has run, in milliseconds. */
  get guestTime(): number {
    return this.#clock.now()
  }

  /** What the guest's clock shows, in milliseconds since the epoch. */
  get clockTime(): number {
    return this.#rtc.shown
  }

  #buildClock({ rtcBase, rtcStops = false, rtcSteps }: WorkerConfig): Mc146818 {
    return new Mc146818(
      this.cpu,
      this.#clock,
      { base: rtcBase, stops: rtcStops, steps: rtcSteps === true },
      {
        changed: (offsetSeconds) => this.#notify({ type: 'clockSet', offsetSeconds }),
        alarmed: () => {
          if (this.#power?.wokenByAlarm === true) this.#offerWake('alarm')
        },
      },
    )
  }

  #buildPower(stop: (notice: Notice) => void): Piix4Pm {
    return new Piix4Pm(this.cpu, this.pci.ports, {
      sleep: (type) => {
        if (type === 1) stop({ type: 'guestSuspend', kind: 'ram' })
        else if (type === 2) stop({ type: 'guestSuspend', kind: 'disk' })
        else stop({ type: 'guestShutdown' })
      },
    })
  }

  #takeEvent(number: number): GeneralEvent {
    this.#bios.change((image) => freeGeneralEvent(image, number))
    return { raise: () => this.#power?.raiseGeneral(1 << number) }
  }

  #linkOf(key: string, stop: (notice: Notice) => void): GuestLink {
    return {
      send: (message, given) => this.#notify({ type: 'device', key, message, stopped: false }, given),
      stop: (message) => stop({ type: 'device', key, message, stopped: true }),
      hold: () => this.#brake.hold(),
    }
  }

  #buildVmmouse({ vmport, ramBytes }: WorkerConfig): Vmmouse | undefined {
    if (vmport !== false) {
      return new Vmmouse(this.cpu, this.#ps2.mouse, ramBytes, (mode) => this.#notify({ type: 'vmmouse', mode }))
    }
    silenceBackdoor(this.cpu)
    return undefined
  }

  /** Only a guest that stands still may sleep. */
  #offerWake(waker: 'alarm' | 'other' = 'other'): void {
    if (this.#v86.v86.running) return
    this.#waker = waker
    this.#notify({ type: 'wakeRequested' })
  }

  /** Lets a guest that waits in a HLT look at once. */
  #rouse(): void {
    const loop = this.#v86.v86
    if (loop.running && loop.idle) loop.next_tick(0)
  }

  #standStill(): void {
    standStill(this.#v86)
    this.#clock.stop()
  }

  #actAroundEachSlice(): void {
    const loop = this.#v86.v86
    const tick = loop.do_tick
    loop.do_tick = () => {
      forgetCodePage(loop.cpu)
      tick.call(loop)
      this.#settle()
    }
  }

  #settle(): void {
    this.serial.move()
    this.keyboard.move()
    this.devices.settle()
  }
}

interface Built extends EmulatorCore {
  readonly config: WorkerConfig
  readonly requests: HostRequests
  readonly built: BuiltDisks
  readonly notify: (notice: Notice, given?: readonly ArrayBuffer[]) => void
  readonly guests: GuestSides
}
