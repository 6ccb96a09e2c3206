import type { GuestLink, GuestSide, GuestSurroundings } from '../../board/index.ts'
import { gather, scatter } from '../virtio/chain.ts'
import type { VirtioDevice, VirtioModel } from '../virtio/virtio-device.ts'
import { VirtioPci } from '../virtio/virtio-pci.ts'
import { control, controlBytes, controlMessage, readControlMessage } from './control-message.ts'
import { GuestPort, type PortState } from './guest-port.ts'
import { serialClass } from './serial-class.ts'
import type { FromSerial, PortShape, SerialShape, ToSerial } from './wire.ts'

const feature = { multiport: 1n << 1n, emergencyWrite: 1n << 2n } as const
const kind = { type: 3, legacyId: 0x1003, classCode: 0x078000 }
const portQueueSize = 128
const controlQueueSize = 32
/** Queues of control, from the device and to it. */
const queue = { control: 2, controlOut: 3 } as const
/** In the configuration: how many ports there can be, and where a guest writes that can do nothing else. */
const at = { ports: 4, emergency: 8 } as const
const configLength = 12
/** Messages that the driver has no room for; those behind them are lost, as all are in QEMU. */
const mostMessages = 4096

export const guest: GuestSide = (surroundings) => {
  const properties = { ...surroundings.properties, class: serialClass(surroundings.properties) }
  return new VirtioPci({ ...surroundings, properties }, kind, (device) => new VirtioSerial(device, surroundings))
}

interface State {
  readonly ready: boolean
  readonly messages: readonly (readonly number[])[]
  readonly ports: readonly PortState[]
}

/**
 * A controller of ports. A driver that knows only one port has the first one, and no control.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 5.3
 */
class VirtioSerial implements VirtioModel {
  readonly queues: readonly number[]
  readonly config
  readonly #device: VirtioDevice
  readonly #link: GuestLink
  readonly #limit: number
  readonly #emergency: boolean
  readonly #ports = new Map<number, GuestPort>()
  /** The driver wants to hear of ports. */
  #ready = false
  #messages: Uint8Array[] = []

  constructor(device: VirtioDevice, { link, properties, beginning }: GuestSurroundings) {
    this.#device = device
    this.#link = link
    this.#limit = Number(properties['max_ports'])
    this.#emergency = properties['emergency-write'] === true
    const others = Array.from({ length: 2 * (this.#limit - 1) }, () => portQueueSize)
    this.queues = [portQueueSize, portQueueSize, controlQueueSize, controlQueueSize, ...others]
    this.config = {
      length: this.#emergency ? configLength : at.emergency,
      read: (offset: number) =>
        offset >= at.ports && offset < at.emergency ? (this.#limit >>> (8 * (offset - at.ports))) & 0xff : 0,
      write: (offset: number, value: number) => {
        if (offset === at.emergency && value !== 0) this.#sendEmergency(value)
      },
    }
    for (const port of (beginning as SerialShape | undefined)?.ports ?? []) this.#addPort(port)
  }

  features(): bigint {
    return (this.#limit > 1 ? feature.multiport : 0n) | (this.#emergency ? feature.emergencyWrite : 0n)
  }

  receive(message: unknown): void {
    const said = message as ToSerial
    if (said.type === 'added') {
      this.#addPort(said.port)
      if (this.#ready) this.#tell({ port: said.port.number, event: control.portAdd, value: 1 })
      return
    }
    const number = said.port
    const port = this.#ports.get(number)
    if (port === undefined) return
    if (said.type === 'removed') {
      this.#ports.delete(number)
      port.discard()
      if (this.#ready) this.#tell({ port: number, event: control.portRemove, value: 1 })
    } else if (said.type === 'open') {
      port.setHostOpen(said.open)
      if (this.#ready) this.#tell({ port: number, event: control.portOpen, value: said.open ? 1 : 0 })
    } else if (said.type === 'bytes') port.receive(said.bytes)
    else port.through(said.count)
  }

  notified(which: number): void {
    if (which === queue.control) this.#flush()
    else if (which === queue.controlOut) this.#takeControl()
    else {
      const port = this.#ports.get(which < queue.control ? 0 : (which >> 1) - 1)
      if (which % 2 === 0) port?.give()
      else if (port === undefined) this.#drop(which)
      else port.take()
    }
  }

  started(): void {
    if (!this.#device.has(feature.multiport)) this.#ports.get(0)?.assumeOpen()
  }

  reset(): void {
    this.#ready = false
    this.#messages = []
    for (const port of this.#ports.values()) port.reset()
  }

  save(): unknown {
    return {
      ready: this.#ready,
      messages: this.#messages.map((bytes) => [...bytes]),
      ports: [...this.#ports.values()].map((port) => port.save()),
    } satisfies State
  }

  /** @throws {Error} if it has other ports */
  restore(state: unknown): void {
    const { ready, messages, ports } = state as State
    const numbers = ports.map(({ number }) => number)
    if (numbers.length !== this.#ports.size || numbers.some((number) => !this.#ports.has(number)))
      throw new Error(`its ports are ${numbers.join(', ')}, not ${[...this.#ports.keys()].join(', ')}`)
    this.#ready = ready
    this.#messages = messages.map((bytes) => Uint8Array.from(bytes))
    for (const port of ports) this.#ports.get(port.number)!.restore(port)
  }

  #addPort(shape: PortShape): void {
    const { number } = shape
    const [input, output] = number === 0 ? [0, 1] : [2 + 2 * number, 3 + 2 * number]
    const send = (message: FromSerial, given?: readonly ArrayBuffer[]): void => this.#link.send(message, given)
    const queues = { input: () => this.#device.queues[input]!, output: () => this.#device.queues[output]! }
    this.#ports.set(number, new GuestPort(shape, { ...queues, memory: this.#device.memory, send }))
  }

  #takeControl(): void {
    const out = this.#device.queues[queue.controlOut]!
    for (let chain = out.take(); chain !== undefined; chain = out.take()) {
      const message = readControlMessage(gather(this.#device.memory, chain.readable, 0, controlBytes))
      out.giveQuietly(chain, 0)
      if (message === undefined) continue
      const { port: number, event, value } = message
      const port = this.#ports.get(number)
      if (event === control.deviceReady) this.#setReady(value !== 0)
      else if (event === control.portReady && value !== 0 && port !== undefined) this.#introduce(port)
      else if (event === control.portOpen) port?.setGuestOpen(value !== 0)
    }
    out.tell()
  }

  #setReady(ready: boolean): void {
    this.#ready = ready
    if (ready) for (const number of this.#ports.keys()) this.#tell({ port: number, event: control.portAdd, value: 1 })
  }

  /** Tells what a port is, which the driver has made. */
  #introduce({ shape: { number: port, name, console }, hostOpen }: GuestPort): void {
    if (console) this.#tell({ port, event: control.consolePort, value: 1 })
    if (name !== '') this.#tell({ port, event: control.portName, value: 1 }, name)
    if (hostOpen) this.#tell({ port, event: control.portOpen, value: 1 })
  }

  #tell(message: Parameters<typeof controlMessage>[0], name?: string): void {
    if (this.#messages.length < mostMessages) this.#messages.push(controlMessage(message, name))
    this.#flush()
  }

  #flush(): void {
    const room = this.#device.queues[queue.control]!
    let any = false
    while (this.#messages.length > 0) {
      const chain = room.take()
      if (chain === undefined) break
      const message = this.#messages.shift()!
      room.giveQuietly(chain, scatter(this.#device.memory, chain.writable, 0, message))
      any = true
    }
    if (any) room.tell()
  }

  /** What is sent to a port that is not there is lost. */
  #drop(which: number): void {
    const out = this.#device.queues[which]!
    for (let chain = out.take(); chain !== undefined; chain = out.take()) out.giveQuietly(chain, 0)
    out.tell()
  }

  /** A byte for the console, by a guest that can do nothing else. */
  #sendEmergency(value: number): void {
    const consoles = [...this.#ports.values()].filter(({ shape }) => shape.console)
    const port = this.#ports.get(0) ?? consoles[0]
    if (port !== undefined)
      this.#link.send({ type: 'sent', port: port.shape.number, bytes: Uint8Array.of(value) } satisfies FromSerial)
  }
}
