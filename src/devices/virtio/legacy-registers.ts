import type { DeviceProperties, PortHandler, PortSize } from '../../board/index.ts'
import { byteRegisters } from '../../board/index.ts'
import type { VirtioDevice } from './virtio-device.ts'
import type { VirtioQueue } from './virtio-queue.ts'

/** Ports of virtio before 1.0; the device's configuration is behind them. */
const at = {
  deviceFeatures: 0,
  driverFeatures: 4,
  queueAddress: 8,
  queueSize: 12,
  queueSelect: 14,
  notify: 16,
  status: 18,
  interrupts: 19,
  configuration: 20,
} as const

/** Queues lie in pages of this size, and are where the number of their first page says. */
const pageBytes = 4096

/** Registers for MSI-X, for which there is room as on QEMU where a device is to have vectors. */
const vectorBytes = 4

/** How many ports it takes. */
export function legacyPorts({ model }: VirtioDevice, { vectors = 0 }: DeviceProperties): number {
  const wanted = at.configuration + (Number(vectors) > 0 ? vectorBytes : 0) + model.config.length
  return 2 ** Math.ceil(Math.log2(Math.max(wanted, 32)))
}

/**
 * The ports by which drivers from before virtio 1.0 set up a device.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 4.1.4.10
 */
export class LegacyRegisters {
  readonly #device: VirtioDevice
  readonly #configuration: PortHandler
  #queueSelect = 0

  constructor(device: VirtioDevice) {
    this.#device = device
    const { config } = device.model
    this.#configuration = byteRegisters(config.length, {
      read: (offset) => config.read(offset),
      write: (offset, value) => config.write?.(offset, value),
    })
  }

  /** As ports. */
  get handler(): PortHandler {
    return { read: (offset, size) => this.read(offset, size), write: (...written) => this.write(...written) }
  }

  get queueSelect(): number {
    return this.#queueSelect
  }

  set queueSelect(queue: number) {
    this.#queueSelect = queue
  }

  read(offset: number, size: PortSize): number {
    if (offset >= at.configuration) {
      const inside = offset - at.configuration + size <= this.#device.model.config.length
      return inside ? this.#configuration.read(offset - at.configuration, size) : 2 ** (8 * size) - 1
    }
    const value = this.#read(offset)
    return size === 4 ? value >>> 0 : value & (size === 2 ? 0xffff : 0xff)
  }

  write(offset: number, size: PortSize, value: number): void {
    const device = this.#device
    if (offset >= at.configuration) this.#configuration.write(offset - at.configuration, size, value)
    else if (offset === at.driverFeatures) device.accept(BigInt(value >>> 0))
    else if (offset === at.queueAddress) this.#place(value >>> 0)
    else if (offset === at.queueSelect) this.#queueSelect = value & 0xffff
    else if (offset === at.notify) device.notified(value & 0xffff)
    else if (offset === at.status) {
      device.status = value & 0xff
      if (device.status === 0) this.#queueSelect = 0
    }
  }

  get #queue(): VirtioQueue | undefined {
    return this.#device.queues[this.#queueSelect]
  }

  #read(offset: number): number {
    const device = this.#device
    switch (offset) {
      case at.deviceFeatures:
        return Number(device.offered & 0xffffffffn)
      case at.driverFeatures:
        return Number(device.driverFeatures & 0xffffffffn)
      case at.queueAddress:
        return Math.floor((this.#queue?.addresses[0] ?? 0) / pageBytes)
      case at.queueSize:
        return this.#queue?.limit ?? 0
      case at.queueSelect:
        return this.#queueSelect
      case at.status:
        return device.status
      case at.interrupts:
        return device.takeInterrupts()
      default:
        return 0xffffffff
    }
  }

  /** The three parts of the ring follow each other; the last one begins a page. Page 0 resets the device. */
  #place(page: number): void {
    if (page === 0) {
      this.#device.reset()
      return
    }
    const queue = this.#queue
    if (queue === undefined || queue.enabled) return
    const descriptors = page * pageBytes
    const available = descriptors + 16 * queue.size
    const used = Math.ceil((available + 4 + 2 * queue.size + 2) / pageBytes) * pageBytes
    queue.addresses[0] = descriptors
    queue.addresses[1] = available
    queue.addresses[2] = used
    queue.enable()
  }
}
