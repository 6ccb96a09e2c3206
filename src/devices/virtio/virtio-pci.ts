import type {
  FunctionShape,
  GuestDevice,
  GuestSurroundings,
  MemoryResponder,
  PciDevice,
  PortHandler,
} from '../../board/index.ts'
import { pciAddress } from '../pci-address.ts'
import { romBar, romMemory, romRegion } from '../pci-rom.ts'
import { CommonRegisters, type CommonState } from './common-registers.ts'
import { feature, transportFeatures } from './features.ts'
import type { DeviceInspection, ElementAnswer, VirtioQuestion } from './inspection.ts'
import { LegacyRegisters, legacyPorts } from './legacy-registers.ts'
import { status, VirtioDevice, type VirtioModel } from './virtio-device.ts'

/** What a kind of device is on the PCI bus. */
export interface VirtioKind {
  /** virtio's number for it. */
  readonly type: number
  /** Its PCI device id before virtio 1.0; absent if there was no such device then. */
  readonly legacyId?: number
  readonly classCode: number
  /** What it offers besides to drivers that know nothing of virtio 1.0, where it is made for them alone. */
  readonly legacyOnly?: bigint
}

const redHat = 0x1af4
const modernIds = 0x1040
/** Regions behind each other in memory, a page each: what they hold, as their capabilities say it. */
const regions = [
  { capability: 0x40, kind: 1, name: 'common' },
  { capability: 0x50, kind: 3, name: 'interrupts' },
  { capability: 0x60, kind: 4, name: 'configuration' },
  { capability: 0x70, kind: 2, name: 'notify' },
] as const
const regionBytes = 0x1000
const accessCapability = 0x84
const accessKind = 5
/** Bytes between the places where two queues are notified. */
const notifyStep = 4
const vendorCapability = 0x09
const hasCapabilities = 0x0010
const memoryBar = 4
const portBar = 0
/** Bit of the command register. */
const busMaster = 0x04

interface State {
  readonly device: unknown
  readonly common: CommonState
  readonly legacySelect: number
}

/**
 * Puts a virtio device on the PCI bus, as QEMU does on its PC: with the ports of virtio 0.9 and the memory of virtio 1.0,
 * or one of both, as its properties say. It interrupts by its pin; there is no MSI-X.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 4.1
 */
export class VirtioPci implements GuestDevice {
  readonly device: VirtioDevice
  readonly #common: CommonRegisters
  readonly #legacy: LegacyRegisters
  readonly #function: PciDevice
  readonly #type: number
  #interrupting = false
  /** The command register as it was last seen. */
  #command = 0
  /** The guest is at one of the registers. */
  #inInstruction = false

  constructor(
    { bus, place, properties, beginning }: GuestSurroundings,
    kind: VirtioKind,
    model: (device: VirtioDevice) => VirtioModel,
  ) {
    const legacy = kind.legacyId !== undefined && properties['disable-legacy'] !== 'on'
    const modern = properties['disable-modern'] !== true
    const offered = offeredFeatures(transportFeatures(properties), { modern, kind })
    this.#type = kind.type
    this.device = new VirtioDevice(model, {
      memory: bus.ram,
      offered,
      setInterrupt: (asserted) => {
        this.#interrupting = asserted
        this.#interrupt()
      },
    })
    this.#common = new CommonRegisters(this.device)
    this.#legacy = new LegacyRegisters(this.device)
    const identity = identityOf(kind, { legacy, classCode: Number(properties['class'] ?? 0) })
    const shape = {
      ...pciAddress(place, properties),
      ...identity,
      interruptPin: 1,
      status: modern ? hasCapabilities : 0,
      bars: [
        ...(legacy ? [{ bar: portBar, kind: 'io', size: legacyPorts(this.device, properties) } as const] : []),
        ...(modern
          ? [{ bar: memoryBar, kind: 'memory', size: 4 * regionBytes, prefetchable: true, wide: true } as const]
          : []),
        ...romRegion(properties),
      ],
      registers: modern ? capabilities() : [],
    } satisfies FunctionShape
    this.#function = bus.pci(shape, {
      ports: new Map<number, PortHandler>(legacy ? [[portBar, this.#ports()]] : []),
      memory: new Map<number, MemoryResponder>([
        ...(modern ? [[memoryBar, this.#memory()] as const] : []),
        [romBar, romMemory(beginning, identity)],
      ]),
      changed: (space) => this.#commanded(space.command),
    })
  }

  reset(): void {
    this.#command = 0
    this.device.reset()
    this.#common.reset()
    this.#legacy.queueSelect = 0
  }

  inspect(question: unknown): DeviceInspection | ElementAnswer {
    const asked = question as VirtioQuestion
    const { device } = this
    if (asked.about === 'element') return device.queues[asked.queue]!.inspectElement(asked.index)
    const queueSelect = this.#legacy.queueSelect || this.#common.state.queueSelect
    return { type: this.#type, queueSelect, ...device.inspect() }
  }

  receive(message: unknown): void {
    this.device.model.receive?.(message)
  }

  settle(): void {
    this.#interrupt()
    this.device.model.settle?.()
  }

  busy(): boolean {
    return this.device.model.busy?.() === true
  }

  save(): unknown {
    const { queueSelect: legacySelect } = this.#legacy
    return { device: this.device.save(), common: this.#common.state, legacySelect } satisfies State
  }

  restore(state: unknown): void {
    const { device, common, legacySelect } = state as State
    this.device.restore(device)
    this.#common.restore(common)
    this.#legacy.queueSelect = legacySelect
  }

  /**
   * Lets go of the interrupt at once, and asserts it behind the instructions at work: one that comes up while a register
   * is being written can get lost on its way.
   */
  #interrupt(): void {
    if (!this.#interrupting) this.#function.setInterrupt(false)
    else if (!this.#inInstruction) this.#function.setInterrupt(true)
  }

  /** What may not be a bus master is not to do anything, and its driver has to begin anew. */
  #commanded(value: number): void {
    if (value === this.#command) return
    this.#command = value
    const { device } = this
    device.disabled = (value & busMaster) === 0
    if (device.disabled && device.status & status.driverOk) device.status &= ~status.driverOk
  }

  #written(write: () => void): void {
    this.#inInstruction = true
    write()
    this.#inInstruction = false
  }

  #ports(): PortHandler {
    const { read, write } = this.#legacy.handler
    return { read, write: (...written) => this.#written(() => write(...written)) }
  }

  #memory(): MemoryResponder {
    const { device } = this
    const common = this.#common
    const { config } = device.model
    const within = (offset: number): number => offset % regionBytes
    const nameAt = (offset: number) => regions[Math.floor(offset / regionBytes)]!.name
    const configByte = (offset: number): number => (offset < config.length ? config.read(offset) : 0xff)
    const read8 = (offset: number): number => {
      const at = within(offset)
      const name = nameAt(offset)
      if (name === 'common') return common.read(at, 1)
      if (name === 'configuration') return configByte(at)
      return name === 'interrupts' && at === 0 ? device.takeInterrupts() : 0
    }
    const write8 = (offset: number, value: number): void => {
      const at = within(offset)
      const name = nameAt(offset)
      if (name === 'common') common.write(at, 1, value)
      else if (name === 'configuration' && at < config.length) config.write?.(at, value & 0xff)
      // A word of 16 bits comes as two bytes.
      else if (name === 'notify' && at % notifyStep === 0) device.notified(at / notifyStep)
    }
    return {
      read8,
      write8: (offset, value) => this.#written(() => write8(offset, value)),
      read32: (offset) => {
        if (nameAt(offset) === 'common') return common.read(within(offset), 4)
        let value = 0
        for (let index = 3; index >= 0; index--) value = (value << 8) | read8(offset + index)
        return value >>> 0
      },
      write32: (offset, value) => {
        this.#written(() => {
          if (nameAt(offset) === 'common') common.write(within(offset), 4, value)
          else for (let index = 0; index < 4; index++) write8(offset + index, (value >>> (8 * index)) & 0xff)
        })
      },
    }
  }
}

function offeredFeatures(
  features: bigint,
  { modern, kind }: { readonly modern: boolean; readonly kind: VirtioKind },
): bigint {
  if (!modern) {
    const { legacyOnly = 0n } = kind
    return ((features & ~feature.ringReset) | feature.bad | legacyOnly) & ~(legacyOnly === 0n ? 0n : feature.anyLayout)
  }
  // No driver of virtio 1.0 sees the last one.
  return features | feature.version1 | feature.bad
}

function identityOf(
  { type, legacyId, classCode }: VirtioKind,
  { legacy, classCode: wished }: { readonly legacy: boolean; readonly classCode: number },
) {
  return {
    vendorId: redHat,
    deviceId: legacy && legacyId !== undefined ? legacyId : modernIds + type,
    ...(!legacy && { revision: 1 }),
    classCode: wished === 0 ? classCode : wished << 8,
    subsystem: legacy ? ([redHat, type] as const) : ([redHat, 0x1100] as const),
  }
}

/** Where the guest finds the regions: a list in its configuration space, whose last is the first. */
function capabilities(): (readonly [offset: number, value: number])[] {
  const bytes: (readonly [number, number])[] = [[0x34, accessCapability]]
  const put = (at: number, values: readonly number[]): void => {
    for (const [index, value] of values.entries()) bytes.push([at + index, value])
  }
  const word = (value: number): readonly number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)
  let next = 0
  for (const [index, { capability, kind }] of regions.entries()) {
    const notify = kind === 2
    put(capability, [vendorCapability, next, notify ? 20 : 16, kind, memoryBar, 0, 0, 0])
    put(capability + 8, [...word(index * regionBytes), ...word(regionBytes), ...(notify ? word(notifyStep) : [])])
    next = capability
  }
  put(accessCapability, [vendorCapability, next, 20, accessKind])
  return bytes
}
