import {
  byteRegisters,
  type GuestDevice,
  type GuestLink,
  type GuestSide,
  type GuestSurroundings,
} from '../../board/index.ts'
import { ByteOutput } from '../byte-output/guest.ts'
import { pciAddress } from '../pci-address.ts'
import { Uart, type UartState } from './uart.ts'
import type { Sent, Taken } from './wire.ts'

const portCount = 8

export const guest: GuestSide = (surroundings) => new PciSerial(surroundings)

class PciSerial implements GuestDevice {
  readonly #link: GuestLink
  readonly #uart: Uart
  readonly #output: ByteOutput
  /** How many of the bytes that have come last the guest has not read. */
  #unread = 0

  constructor({ bus, link, place, properties }: GuestSurroundings) {
    this.#link = link
    this.#output = new ByteOutput(link)
    const handler = byteRegisters(portCount, {
      read: (register) => this.#uart.read(register),
      write: (register, value) => this.#uart.write(register, value),
    })
    const device = bus.pci(
      {
        ...pciAddress(place, properties),
        ...{ vendorId: 0x1b36, deviceId: 0x0002, revision: 1, interruptPin: 1 },
        classCode: 0x070000 | Number(properties['prog_if']),
        bars: [{ bar: 0, kind: 'io', size: portCount }],
      },
      { ports: new Map([[0, handler]]) },
    )
    this.#uart = new Uart({
      send: (byte) => this.#output.write(byte),
      taken: () => this.#taken(),
      interrupt: (asserted) => device.setInterrupt(asserted),
    })
  }

  receive(message: unknown): void {
    const news = message as Sent | Taken
    if ('bytes' in news) {
      this.#unread += news.bytes.length
      this.#uart.receive(news.bytes)
      return
    }
    this.#output.passedOn(news)
  }

  reset(): void {
    this.#uart.reset()
  }

  settle(): void {
    this.#output.settle()
  }

  save(): unknown {
    return this.#uart.save()
  }

  restore(state: unknown): void {
    this.#uart.restore(state as UartState)
  }

  /** The other side sends more when all that it has sent has been read. */
  #taken(): void {
    if (this.#unread > 0 && --this.#unread === 0) this.#link.send({ count: 1 } satisfies Taken)
  }
}
