import { legacyFeatures } from './features.ts'
import type { VirtioDevice } from './virtio-device.ts'
import type { VirtioQueue } from './virtio-queue.ts'

/** Registers of 32 bits, some of which hold several smaller ones. */
const at = {
  deviceFeatureSelect: 0x00,
  deviceFeature: 0x04,
  driverFeatureSelect: 0x08,
  driverFeature: 0x0c,
  /** MSI-X vector of the configuration, number of queues. */
  queues: 0x10,
  /** Status, generation of the configuration, the queue that is meant. */
  status: 0x14,
  /** Size and MSI-X vector of the queue. */
  queueSize: 0x18,
  /** Whether the queue is used, and where it is notified. */
  queueEnable: 0x1c,
  /** Three addresses of 64 bits. */
  addresses: 0x20,
  /** Number for notifications, and reset of the queue. */
  queueReset: 0x38,
  end: 0x40,
} as const

const noVector = 0xffff
const low = 0xffff

/** What of them has to be kept that the device itself does not know. */
export interface CommonState {
  readonly deviceSelect: number
  readonly driverSelect: number
  readonly queueSelect: number
}

/**
 * The registers by which a driver sets up a virtio device over PCI.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 4.1.4.3
 */
export class CommonRegisters {
  readonly #device: VirtioDevice
  #deviceSelect = 0
  #driverSelect = 0
  #queueSelect = 0

  constructor(device: VirtioDevice) {
    this.#device = device
  }

  reset(): void {
    this.#deviceSelect = 0
    this.#driverSelect = 0
    this.#queueSelect = 0
  }

  get state(): CommonState {
    return { deviceSelect: this.#deviceSelect, driverSelect: this.#driverSelect, queueSelect: this.#queueSelect }
  }

  restore({ deviceSelect, driverSelect, queueSelect }: CommonState): void {
    this.#deviceSelect = deviceSelect
    this.#driverSelect = driverSelect
    this.#queueSelect = queueSelect
  }

  read(offset: number, size: 1 | 4): number {
    if (offset >= at.end) return 0
    const word = this.#word(offset & ~3)
    return size === 4 ? word >>> 0 : (word >>> (8 * (offset & 3))) & 0xff
  }

  write(offset: number, size: 1 | 4, value: number): void {
    if (offset >= at.end) return
    if (size === 4) this.#set(offset & ~3, value >>> 0, 0xffffffff)
    else {
      const shift = 8 * (offset & 3)
      const mask = 0xff << shift
      const register = offset & ~3
      this.#set(register, ((this.#word(register) & ~mask) | ((value & 0xff) << shift)) >>> 0, mask)
    }
  }

  get #queue(): VirtioQueue | undefined {
    return this.#device.queues[this.#queueSelect]
  }

  #word(register: number): number {
    const device = this.#device
    switch (register) {
      case at.deviceFeatureSelect:
        return this.#deviceSelect
      case at.deviceFeature:
        return part(device.offered & ~legacyFeatures, this.#deviceSelect)
      case at.driverFeatureSelect:
        return this.#driverSelect
      case at.driverFeature:
        return part(device.driverFeatures, this.#driverSelect)
      case at.queues:
        return noVector | (device.queues.length << 16)
      case at.status:
        return device.status | (device.generation << 8) | (this.#queueSelect << 16)
      case at.queueSize:
        return (this.#queue?.size ?? 0) | (noVector << 16)
      case at.queueEnable:
        return (this.#queue?.enabled === true ? 1 : 0) | (this.#queueSelect << 16)
      case at.queueReset:
        return 0
      default:
        return this.#address(register)
    }
  }

  #set(register: number, value: number, mask: number): void {
    const device = this.#device
    const queue = this.#queue
    if (register === at.deviceFeatureSelect) this.#deviceSelect = value
    else if (register === at.driverFeatureSelect) this.#driverSelect = value
    else if (register === at.driverFeature) this.#acceptFeatures(value)
    else if (register === at.status) {
      if (mask & 0xff) this.#setStatus(value & 0xff)
      if (mask & ~low) this.#queueSelect = value >>> 16
    } else if (register === at.queueSize && queue !== undefined && mask & low) queue.size = value & low
    else if (register === at.queueEnable && mask & 1 && (value & low) === 1) this.#enable(queue)
    else if (register === at.queueReset && mask & ~low && value >>> 16 === 1) queue?.reset()
    else if (register >= at.addresses && register < at.queueReset && queue !== undefined && !queue.enabled)
      this.#setAddress(queue, register, value)
    if (register === at.status && device.status === 0 && mask & 0xff) this.reset()
  }

  #setStatus(value: number): void {
    this.#device.status = value
  }

  #acceptFeatures(value: number): void {
    if (this.#driverSelect > 1) return
    const shift = BigInt(32 * this.#driverSelect)
    const others = this.#device.driverFeatures & ~(0xffffffffn << shift)
    this.#device.accept(others | (BigInt(value) << shift))
  }

  /** A size that no ring can have is as good as none. */
  #enable(queue: VirtioQueue | undefined): void {
    if (queue === undefined) return
    if (queue.size === 0 || queue.size > queue.limit || (queue.size & (queue.size - 1)) !== 0) this.#device.breakDown()
    else queue.enable()
  }

  #address(register: number): number {
    const value = this.#queue?.addresses[(register - at.addresses) >> 3] ?? 0
    return register & 4 ? Math.floor(value / 2 ** 32) : value % 2 ** 32
  }

  #setAddress({ addresses }: VirtioQueue, register: number, value: number): void {
    const index = (register - at.addresses) >> 3
    const before = addresses[index]!
    const high = register & 4 ? value : Math.floor(before / 2 ** 32)
    const low32 = register & 4 ? before % 2 ** 32 : value
    addresses[index] = high * 2 ** 32 + low32
  }
}

/** 32 bits of 64; nothing is behind them. */
function part(features: bigint, index: number): number {
  return index > 1 ? 0 : Number((features >> BigInt(32 * index)) & 0xffffffffn)
}
