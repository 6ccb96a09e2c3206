import type { PciFunction } from '../../board.ts'
import type { MemoryResponder } from '../../bus/device-bus.ts'
import { type BarShape, ConfigSpace, type FunctionShape } from '../../pci/config-space.ts'
import { isaBridge } from '../../pci/pc-functions.ts'
import type { AddressRange } from '../memory/guest-memory.ts'
import { MemoryWindows } from '../memory/memory-windows.ts'
import { PortWindows } from '../ports/port-windows.ts'
import type { V86Cpu, V86PortEntry } from '../v86-internals.ts'
import { PciInterrupts } from './pci-interrupts.ts'

const addressPort = 0xcf8
const resetPort = 0xcf9
const dataPort = 0xcfc
/** Address register: configuration cycles are on. */
const enabled = 0x80000000
/** Reset control: pull the reset line; what a reset is to be. */
const resetNow = 0x04
const resetKind = 0x02

/** What stands behind a function's configuration space. */
export interface FunctionParts {
  /** Ports of the I/O regions, by their base address registers. */
  readonly ports?: ReadonlyMap<number, readonly V86PortEntry[]>
  /** Who answers in the memory regions, by their base address registers. */
  readonly memory?: ReadonlyMap<number, MemoryResponder>
  /** Called when the guest has written into the configuration space, and when it has been reset. */
  changed?(space: ConfigSpace): void
}

interface Mapping {
  readonly bar: BarShape
  readonly window: { move(base: number | undefined): void; close(): void }
}

interface BusFunction {
  readonly space: ConfigSpace
  readonly mappings: readonly Mapping[]
  readonly parts: FunctionParts
}

/**
 * The PCI bus, in place of v86's, which shares its configuration spaces: v86 has other functions than QEMU's PC, lets a
 * guest write into identification and absent functions (the latter throws through its wasm code), knows no command
 * register and cannot move memory regions.
 */
export class PciBus {
  readonly ports: PortWindows
  /** Windows in memory: those of functions, and of what else a guest device has there. */
  readonly memory: MemoryWindows
  readonly #cpu: V86Cpu
  readonly #functions = new Map<number, BusFunction>()
  readonly #interrupts: PciInterrupts
  #resetControl = 0

  constructor(cpu: V86Cpu) {
    this.#cpu = cpu
    this.ports = new PortWindows(cpu.io)
    this.memory = new MemoryWindows(cpu)
    const { pci } = cpu.devices
    pci.devices.fill(undefined)
    pci.device_spaces.fill(undefined)
    let routes: readonly number[] = []
    const bridge = this.add(isaBridge, {
      changed: () => {
        this.#interrupts.rerouted(routes)
        routes = this.#interrupts.routes()
      },
    })
    this.#interrupts = new PciInterrupts(cpu, bridge)
    pci.raise_irq = (address) => this.#interrupts.set(this.#spaceAt(address), true)
    pci.lower_irq = (address) => this.#interrupts.set(this.#spaceAt(address), false)
    pci.set_state = (state) => this.#setState(state)
    this.#answerPorts()
  }

  /** Puts a function on the bus. */
  add(shape: FunctionShape, parts: FunctionParts = {}): ConfigSpace {
    const address = (shape.slot << 3) | shape.function
    const words = new Int32Array(64)
    const space = new ConfigSpace(shape, new Uint8Array(words.buffer))
    const { pci } = this.#cpu.devices
    pci.devices[address] = { pci_id: address, name: `${shape.slot}.${shape.function}` }
    pci.device_spaces[address] = words
    const mappings = (shape.bars ?? []).flatMap((bar): Mapping[] => {
      const entries = parts.ports?.get(bar.bar)
      const responder = parts.memory?.get(bar.bar)
      if (entries !== undefined) return [{ bar, window: this.ports.add(entries) }]
      return responder === undefined ? [] : [{ bar, window: this.memory.add(bar.size, responder) }]
    })
    this.#functions.set(address, { space, mappings, parts })
    return space
  }

  /** Takes a function from the bus, with its regions and its interrupt. */
  remove(space: ConfigSpace): void {
    const { slot, function: number } = space.shape
    const address = (slot << 3) | number
    const found = this.#functions.get(address)
    if (found?.space !== space) return
    for (const { window } of found.mappings) window.close()
    this.#interrupts.forget(space)
    this.#functions.delete(address)
    const { pci } = this.#cpu.devices
    pci.devices[address] = pci.device_spaces[address] = undefined
  }

  /** A function asserts its interrupt pin, or lets go of it. */
  setInterrupt(space: ConfigSpace, asserted: boolean): void {
    const { slot, function: number } = space.shape
    if (this.#functions.get((slot << 3) | number)?.space !== space) return // it has gone
    this.#interrupts.set(space, asserted)
  }

  describe(): readonly PciFunction[] {
    const inOrder = [...this.#functions].sort(([one], [other]) => one - other)
    return inOrder.map(([, { space }]) => space.describe())
  }

  /** Where devices have memory now. */
  memoryRanges(): readonly AddressRange[] {
    return this.memory.ranges()
  }

  reset(): void {
    this.#cpu.devices.pci.pci_addr32[0] = 0
    this.#resetControl = 0
    this.#interrupts.reset()
    for (const one of this.#functions.values()) {
      one.space.reset()
      this.#follow(one)
    }
  }

  get #address(): number {
    return this.#cpu.devices.pci.pci_addr32[0]! >>> 0
  }

  #read(port: number, width: 1 | 2 | 4): number {
    if (this.#address < enabled) return -1
    const found = this.#functions.get((this.#address >>> 8) & 0xffff)
    return found === undefined ? -1 : found.space.read(this.#registerAt(port), width)
  }

  #write(port: number, width: 1 | 2 | 4, value: number): void {
    if (this.#address < enabled) return
    const found = this.#functions.get((this.#address >>> 8) & 0xffff)
    if (found === undefined) return
    found.space.write(this.#registerAt(port), width, value)
    this.#follow(found)
  }

  #registerAt(port: number): number {
    return (this.#address & 0xff) | (port & 3)
  }

  /** Lets everything else follow what a configuration space says. */
  #follow({ space, mappings, parts }: BusFunction): void {
    for (const { bar, window } of mappings) window.move(space.addressOf(bar))
    this.#interrupts.update(space)
    parts.changed?.(space)
  }

  #spaceAt(address: number): ConfigSpace {
    const found = this.#functions.get(address)
    if (found === undefined) throw new Error(`no PCI function has the address ${address}`)
    return found.space
  }

  /** Takes over the ports of the configuration mechanism. An access that is not aligned reads zeros. */
  #answerPorts(): void {
    const { io, devices } = this.#cpu
    const { pci } = devices
    const aligned = (port: number, width: 1 | 2 | 4): boolean => port % width === 0
    for (let port = addressPort; port < dataPort; port++) {
      const read = (width: 1 | 2 | 4) => () => (aligned(port, width) ? masked(this.#address, width) : 0)
      io.register_read(port, pci, read(1), read(2), read(4))
      const write = (value: number): void => {
        if (port === addressPort) pci.pci_addr32[0] = value
      }
      io.register_write(port, pci, ignore, ignore, write)
    }
    io.ports[resetPort]!.read8 = () => this.#resetControl
    io.ports[resetPort]!.write8 = (value) => {
      this.#resetControl = value & resetKind
      if (value & resetNow) this.#cpu.reboot_internal()
    }
    for (let port = dataPort; port < dataPort + 4; port++) {
      const read = (width: 1 | 2 | 4) => () => (aligned(port, width) ? masked(this.#read(port, width), width) : 0)
      io.register_read(port, pci, read(1), read(2), read(4))
      const write = (width: 1 | 2 | 4) => (value: number) => {
        if (aligned(port, width)) this.#write(port, width, value)
      }
      io.register_write(port, pci, write(1), write(2), write(4))
    }
  }

  /** v86's state: 256 configuration spaces, and the address register behind them. */
  #setState(state: readonly unknown[]): void {
    const { pci } = this.#cpu.devices
    for (const [address, found] of this.#functions) {
      const words = state[address]
      if (words instanceof Int32Array) pci.device_spaces[address]!.set(words)
      this.#interrupts.restore(found.space)
    }
    for (const found of this.#functions.values()) this.#follow(found)
    pci.pci_addr.set(state[256] as Uint8Array)
  }
}

const ignore = (): void => undefined

/** A value as a port gives it to v86: 32 bits are signed. */
function masked(value: number, width: 1 | 2 | 4): number {
  return width === 4 ? value | 0 : value & (width === 1 ? 0xff : 0xffff)
}
