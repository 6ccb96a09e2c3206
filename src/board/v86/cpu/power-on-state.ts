import type { StatefulDevice, V86Cpu } from '../v86-internals.ts'
import { resetSegments } from './segments.ts'

/**
 * The state of the devices when the power came on, to which a reset brings them back. v86's own reset leaves interrupt
 * controllers, timers, DMA, serial ports and the floppy controller as the guest left them.
 */
export class PowerOnState {
  readonly #cpu: V86Cpu
  readonly #devices: readonly { readonly device: StatefulDevice; readonly state: unknown }[]
  readonly #pic: unknown[]
  readonly #apic: unknown
  readonly #ioapic: unknown

  /** Takes the state; call it before the machine first runs. */
  constructor(cpu: V86Cpu) {
    this.#cpu = cpu
    const { pit, dma, uart0, uart1, uart2, uart3 } = cpu.devices
    this.#devices = [pit, dma, uart0, uart1, uart2, uart3]
      .filter((device) => device !== undefined)
      .map((device) => ({ device, state: copied(device.get_state()) }))
    this.#pic = copied(cpu.get_state_pic()) as unknown[]
    this.#apic = copied(cpu.get_state_apic())
    this.#ioapic = copied(cpu.get_state_ioapic())
  }

  restore(): void {
    for (const { device, state } of this.#devices) device.set_state(copied(state))
    this.#cpu.set_state_pic(copied(this.#pic) as unknown[])
    this.#cpu.set_state_apic(copied(this.#apic))
    this.#cpu.set_state_ioapic(copied(this.#ioapic))
  }
}

/** The order of v86's values for an interrupt controller. */
const unmasked = 0
const second = 5
const timerCommand = 0x43

/**
 * Brings interrupt controllers and timer to where those of a PC are when the power comes on, and v86's are not: no
 * interrupt is masked, and the timer's command reads as zero.
 */
export function completePowerOn(cpu: V86Cpu): void {
  const first = copied(cpu.get_state_pic()) as (number | number[])[]
  first[unmasked] = 0xff
  ;(first[second] as number[])[unmasked] = 0xff
  cpu.set_state_pic(first)
  cpu.io.register_read(timerCommand, cpu.devices.pit ?? cpu, () => 0)
}

/** What CPUID tells of v86's processor: family 6, model 7, stepping 3. A reset leaves it in EDX. */
const signature = 0x673
const edx = 2
const esp = 4

/**
 * Brings a CPU that v86 has reset to where a real one is: v86 leaves both descriptor tables empty, so that a guest in
 * real mode that never loads them would seem to have no interrupt table, and knows no hidden parts of segments.
 */
export function completeCpuReset(cpu: V86Cpu): void {
  cpu.gdtr_size[0] = 0xffff
  cpu.idtr_size[0] = 0xffff
  cpu.reg32[edx] = signature
  cpu.reg32[esp] = 0
  resetSegments(cpu)
}

/** A copy that shares nothing: v86's states hold live arrays, some of them proxies. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied)
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice()
  return value
}
