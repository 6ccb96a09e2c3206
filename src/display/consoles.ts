import { QmpError } from '../qapi/index.ts'
import type { Console, TextScreen } from './console.ts'

/** A machine's consoles, the first one first. */
export class Consoles {
  readonly #all: readonly Console[]
  readonly #hasDevice: (id: string) => boolean

  /** @param hasDevice - whether the machine has a device with that id, of whatever kind */
  constructor(all: readonly Console[], hasDevice: (id: string) => boolean = () => false) {
    this.#all = all
    this.#hasDevice = hasDevice
  }

  get first(): Console | undefined {
    return this.#all[0]
  }

  /**
   * What the first console says, in a text mode.
   *
   * @throws {QmpError} if there is no console
   */
  async text(): Promise<TextScreen | undefined> {
    if (this.first === undefined) throw new QmpError('GenericError', 'There is no console to take text from')
    return this.first.text()
  }

  /**
   * A console by the id of its display device.
   *
   * @param head - which of the device's outputs, modulo 2^32; 0 if absent
   * @throws {QmpError} if there is no such device, or it has no such output
   */
  find(device: string, head: number | bigint = 0): Console {
    const outputs = this.#all.filter((console) => console.device === device)
    if (outputs.length === 0 && !this.#hasDevice(device)) {
      throw new QmpError('DeviceNotFound', `Device '${device}' not found`)
    }
    const wanted = Number(BigInt.asIntN(32, BigInt(head)))
    const output = outputs.find((console) => console.head === wanted)
    if (output === undefined) {
      throw new QmpError('GenericError', `Device ${device} (head ${wanted}) is not bound to a QemuConsole`)
    }
    return output
  }
}
