import { V86 } from 'v86'
import type { DriveSlot, PointerEvent, TrayView } from '../board.ts'
import { BoardError } from '../board-error.ts'
import { type BoardShape, shapeOf } from '../board-shape.ts'
import { packDevices, unpackDevices } from '../device-state.ts'
import { vgaMemoryBytes } from '../pci/pc-functions.ts'
import { BiosKeyboard } from './bios-keyboard.ts'
import { bootOrderNibbles, writeBootOrder } from './boot-order.ts'
import { boundBusMasters } from './bus-masters.ts'
import { addDevices, type ExtraDevice } from './devices/extra-devices.ts'
import { patchFloppyErrors } from './devices/floppy-errors.ts'
import { patchFloppySeeks } from './devices/floppy-seeks.ts'
import { IdeUnits } from './devices/ide.ts'
import { KernelImage } from './devices/kernel-image.ts'
import { addPcFunctions } from './devices/pc-functions.ts'
import { PciBus } from './devices/pci-bus.ts'
import { Piix4Pm } from './devices/piix4-pm.ts'
import { I8042 } from './devices/ps2/i8042.ts'
import { RemoteDisk } from './devices/remote-disk.ts'
import { silenceBackdoor, Vmmouse } from './devices/vmmouse.ts'
import { configureFirmware } from './firmware-files.ts'
import { patchGuestCode } from './guest-code.ts'
import { GuestMemory } from './guest-memory.ts'
import { breakOff, catchGuestStops, standStill } from './guest-stop.ts'
import type { HostRequests } from './host-requests.ts'
import { patchIdleYield } from './idle-yield.ts'
import { KeyboardQueue } from './keyboard-queue.ts'
import { NmiLine } from './nmi.ts'
import { completeCpuReset, PowerOnState } from './power-on-state.ts'
import { SavedState, v86Version } from './saved-state.ts'
import { ScreenCapture } from './screen-capture.ts'
import { SerialLines } from './serial-lines.ts'
import type { V86Cpu, V86Emulator } from './v86-internals.ts'
import { patchVbeVirtualWidth } from './vbe-virtual-width.ts'
import { patchVgaPorts } from './vga-ports.ts'
import { VgaPowerOnState } from './vga-reset.ts'
import { VirtualClock } from './virtual-clock.ts'
import { wasmLoader } from './wasm-loader.ts'
import type { MediumShape, Notice, WorkerConfig } from './wire.ts'

/** v86, patched into the PC that the board promises. One to a thread: v86's clock is the thread's. */
export class Emulator {
  readonly memory: GuestMemory
  readonly keyboard: KeyboardQueue
  readonly serial: SerialLines
  readonly pci: PciBus
  readonly #screen: ScreenCapture | undefined
  readonly #v86: V86Emulator
  readonly #clock: VirtualClock
  readonly #notify: (notice: Notice) => void
  readonly #power: Piix4Pm
  readonly #ps2: I8042
  readonly #vmmouse: Vmmouse | undefined
  readonly #ide: IdeUnits
  readonly #nmi: NmiLine
  readonly #powerOn: PowerOnState
  readonly #vgaPowerOn: VgaPowerOnState
  readonly #bootOrder: string
  readonly #kernel: KernelImage | undefined
  readonly #requests: HostRequests
  readonly #saved: SavedState
  /** Devices of our own that v86 does not know, by the names under which their states are kept. */
  readonly #extras: ReadonlyMap<string, ExtraDevice>
  readonly #rtcStops: boolean
  readonly #shape: BoardShape

  /** Builds the machine and leaves it standing still, about to execute its first instruction. */
  static async build(
    config: WorkerConfig,
    requests: HostRequests,
    notify: (notice: Notice) => void,
  ): Promise<Emulator> {
    const clock = new VirtualClock()
    const loader = wasmLoader(config.wasm, clock.now)
    const emulator = new V86({
      wasm_fn: loader.instantiate,
      bios: { buffer: bufferOf(config.firmware.bios) },
      ...(config.vga &&
        config.firmware.vgaBios !== undefined && { vga_bios: { buffer: bufferOf(config.firmware.vgaBios) } }),
      memory_size: config.ramBytes,
      vga_memory_size: vgaMemoryBytes,
      acpi: true,
      autostart: false,
      disable_speaker: true,
      log_level: 0,
      net_device: { type: 'none' },
      boot_order: bootOrderNibbles(config.bootOnce ?? config.bootOrder),
      bootmenu: config.bootMenu?.enabled ?? false,
      uart1: config.serialPorts > 1,
      uart2: config.serialPorts > 2,
      uart3: config.serialPorts > 3,
      ...(config.kernel !== undefined && {
        bzimage: { buffer: bufferOf(config.kernel.image) },
        cmdline: config.kernel.append,
        ...(config.kernel.initrd !== undefined && { initrd: { buffer: bufferOf(config.kernel.initrd) } }),
      }),
    } as never) as unknown as V86Emulator
    await new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()))
    const loopClass = emulator.v86.constructor as unknown as { microtick: () => number }
    loopClass.microtick = clock.now
    const disks = new Map<WorkerConfig['drives'][number], RemoteDisk>()
    for (const drive of config.drives) {
      if (drive.medium === undefined) continue
      const disk = new RemoteDisk(drive.medium, requests)
      await disk.prepare()
      disks.set(drive, disk)
    }
    return new Emulator({ config, emulator, clock, requests, disks, notify, lastPanic: loader.lastPanic })
  }

  private constructor({ config, emulator, clock, requests, disks, notify, lastPanic }: Built) {
    const { cpu } = emulator.v86
    this.#v86 = emulator
    this.#notify = notify
    this.#clock = clock
    this.#bootOrder = config.bootOrder
    this.#requests = requests
    boundBusMasters(cpu)
    this.#ide = new IdeUnits(cpu, ideUnits(config, disks), requests)
    insertFloppies(cpu, config, disks)
    patchFloppySeeks(cpu)
    patchFloppyErrors(cpu)
    patchIdleYield(emulator.v86)
    patchGuestCode(cpu)
    patchVgaPorts(emulator)
    patchVbeVirtualWidth(emulator)
    configureFirmware(cpu, config, (line) => notify({ type: 'firmwareLog', line }))
    if (config.rtcBase !== undefined) cpu.devices.rtc.rtc_time = config.rtcBase
    this.#rtcStops = config.rtcStops === true
    const stopped = (notice: Notice): void => {
      this.#clock.stop()
      this.serial.move() // what the guest sent before comes before
      notify(notice)
    }
    this.pci = new PciBus(cpu)
    this.#power = new Piix4Pm(cpu, this.pci.ports, {
      sleep: (type) => {
        breakOff(emulator)
        if (type === 1) stopped({ type: 'guestSuspend', kind: 'ram' })
        else if (type === 2) stopped({ type: 'guestSuspend', kind: 'disk' })
        else stopped({ type: 'guestShutdown' })
      },
    })
    this.#extras = addDevices(cpu, clock, config, {
      notify,
      stop: (notice) => {
        breakOff(emulator)
        stopped(notice)
      },
    })
    addPcFunctions(this.pci, cpu, { config, power: this.#power })
    this.memory = new GuestMemory(cpu, () => this.pci.memoryRanges())
    this.#ps2 = new I8042(cpu)
    this.keyboard = new KeyboardQueue(this.#ps2.keyboard, new BiosKeyboard(this.memory, clock.now))
    this.#vmmouse = this.#buildVmmouse(config)
    this.serial = new SerialLines(emulator, config.serialPorts, (port, bytes) =>
      notify({ type: 'serialOutput', port, bytes }),
    )
    const { vgaBios } = config.firmware
    this.#screen = config.vga ? new ScreenCapture({ machine: emulator, now: clock.now, vgaBios }) : undefined
    this.#kernel = config.kernel === undefined ? undefined : new KernelImage(this.memory)
    completeCpuReset(cpu)
    this.#powerOn = new PowerOnState(cpu)
    this.#vgaPowerOn = new VgaPowerOnState(cpu.devices.vga)
    this.#nmi = new NmiLine(emulator, this.memory)
    catchGuestStops(
      emulator,
      {
        reset: () => stopped({ type: 'guestReset' }),
        crash: (error) => stopped({ type: 'crashed', message: error.message }),
      },
      lastPanic,
    )
    this.#saved = new SavedState(emulator, clock, this.#extras)
    this.#shape = shapeOf('v86', v86Version, config)
    this.#moveAfterEachSlice()
  }

  get cpu(): V86Cpu {
    return this.#v86.v86.cpu
  }

  /** @throws {BoardError} kind `unavailable`, if the board has no VGA */
  get screen(): ScreenCapture {
    if (this.#screen === undefined) throw new BoardError('unavailable', 'the board has no display')
    return this.#screen
  }

  resume(): void {
    if (this.#v86.v86.running) return
    this.#clock.start()
    if (this.#rtcStops) this.cpu.devices.rtc.last_update = Date.now()
    this.#v86.v86.run()
  }

  pause(): void {
    this.#standStill()
    this.serial.move()
  }

  /** Brings everything back to the state of power-on, but for RAM, which a reset line does not touch. */
  reset(): void {
    const { running } = this.#v86.v86
    this.#standStill()
    this.#powerOn.restore()
    this.#vgaPowerOn.restore()
    this.#power.reset()
    this.pci.reset()
    this.#ide.reset()
    this.keyboard.reset()
    this.#vmmouse?.reset()
    for (const device of this.#extras.values()) device.reset?.()
    Object.getPrototypeOf(this.cpu).reboot_internal.call(this.cpu)
    completeCpuReset(this.cpu)
    this.#nmi.reset()
    this.#kernel?.restore()
    writeBootOrder(this.cpu, this.#bootOrder)
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
    this.#power.wake()
  }

  /** Keys go down or up: bytes of scan code set 1. */
  sendKeys(scanCodes: readonly number[]): void {
    this.keyboard.send(scanCodes)
    if (this.#ps2.keyboard.enabled) this.#offerWake()
    this.#rouse()
  }

  /** Something is done with a pointing device. */
  point(device: 'ps2' | 'vmmouse', events: readonly PointerEvent[]): void {
    if (device === 'ps2') this.#ps2.mouse.act(events)
    else this.#vmmouse?.act(events)
    if (device === 'ps2' && this.#ps2.mouse.pressed) this.#offerWake()
    this.#rouse()
  }

  pressPowerButton(): void {
    this.#power.pressPowerButton()
    this.#rouse()
  }

  injectNmi(): void {
    this.#nmi.request()
    this.#rouse()
  }

  /** @throws {BoardError} kind `unavailable`, if the machine runs */
  saveDevices(): Uint8Array {
    this.#requireStandstill()
    const { omitted, bytes } = this.#saved.save()
    return packDevices(this.#shape, omitted, bytes)
  }

  /** @throws {BoardError} kind `state`, if it is not the state of such a machine; kind `unavailable`, if this one runs */
  restoreDevices(state: Uint8Array): void {
    this.#requireStandstill()
    const { own, emulator } = unpackDevices(this.#shape, state)
    this.#saved.restore(own, emulator)
    this.keyboard.reset()
  }

  #requireStandstill(): void {
    if (this.#v86.v86.running) throw new BoardError('unavailable', 'the board runs')
  }

  setMedium(slot: DriveSlot, shape: MediumShape | undefined, tray: TrayView): void {
    const disk = shape === undefined ? undefined : new RemoteDisk(shape, this.#requests)
    if (slot.bus === 'ide') {
      this.#ide.setMedium(slot.channel, slot.unit, disk, tray)
      return
    }
    const drive = this.cpu.devices.fdc.drives[slot.unit]!
    drive.eject_disk()
    if (disk !== undefined && !drive.insert_disk(disk, disk.readOnly)) throw noFloppyFormat(disk.byteLength)
  }

  /** A floppy keeps the geometry with which it was put in, as with QEMU. */
  resizeMedium(slot: DriveSlot, byteLength: number): void {
    if (slot.bus === 'ide') this.#ide.resizeMedium(slot.channel, slot.unit, byteLength)
  }

  requestEject(slot: DriveSlot): void {
    if (slot.bus === 'ide') this.#ide.requestEject(slot.channel, slot.unit)
  }

  #buildVmmouse({ vmport, ramBytes }: WorkerConfig): Vmmouse | undefined {
    if (vmport !== false) {
      return new Vmmouse(this.cpu, this.#ps2.mouse, ramBytes, (mode) => this.#notify({ type: 'vmmouse', mode }))
    }
    silenceBackdoor(this.cpu)
    return undefined
  }

  /** Only a guest that stands still may sleep. */
  #offerWake(): void {
    if (!this.#v86.v86.running) this.#notify({ type: 'wakeRequested' })
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

  #moveAfterEachSlice(): void {
    const loop = this.#v86.v86
    const tick = loop.do_tick
    loop.do_tick = () => {
      tick.call(loop)
      this.serial.move()
      this.keyboard.move()
    }
  }
}

interface Built {
  readonly config: WorkerConfig
  readonly emulator: V86Emulator
  readonly clock: VirtualClock
  readonly requests: HostRequests
  readonly disks: ReadonlyMap<WorkerConfig['drives'][number], RemoteDisk>
  readonly notify: (notice: Notice) => void
  readonly lastPanic: () => string
}

function ideUnits(config: WorkerConfig, disks: Built['disks']) {
  return config.drives.flatMap((drive) => {
    if (drive.slot.bus !== 'ide') return []
    const { channel, unit } = drive.slot
    const cdrom = drive.kind === 'cdrom'
    const number = channel * 2 + unit + 1
    return {
      channel,
      unit,
      cdrom,
      disk: disks.get(drive),
      model: drive.model ?? (cdrom ? 'QEMU DVD-ROM' : 'QEMU HARDDISK'),
      serial: drive.serial ?? `QM${String(number).padStart(5, '0')}`,
    }
  })
}

/** Floppy drives: type 4 is a 1.44 MB drive, 0 none. The BIOS reads the types from CMOS 10. */
function insertFloppies(cpu: V86Cpu, config: WorkerConfig, disks: Built['disks']): void {
  const types = [0, 0]
  for (const drive of config.drives) {
    if (drive.slot.bus !== 'floppy') continue
    const unit = cpu.devices.fdc.drives[drive.slot.unit]!
    const disk = disks.get(drive)
    unit.drive_type = disk === undefined ? 4 : 0
    if (disk !== undefined && !unit.insert_disk(disk, disk.readOnly)) throw noFloppyFormat(disk.byteLength)
    types[drive.slot.unit] = unit.drive_type
  }
  for (const unit of [0, 1]) if (types[unit] === 0) cpu.devices.fdc.drives[unit]!.drive_type = 0
  cpu.devices.rtc.cmos_write(0x10, (types[0]! << 4) | types[1]!)
}

function noFloppyFormat(bytes: number): BoardError {
  return new BoardError('configuration', `no floppy disk has ${bytes} bytes`)
}

/** The bytes in a buffer of their own, as v86 wants them. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}
