import type { V86Cpu } from '../v86-internals.ts'

const lines = 16

/** Counts how often each interrupt line rises: v86 keeps no such count. Every device goes through the CPU's two functions. */
export class LineRises {
  readonly counts: number[] = new Array<number>(lines).fill(0)

  constructor(cpu: V86Cpu) {
    const [raise, lower] = [cpu.device_raise_irq, cpu.device_lower_irq]
    let high = 0
    cpu.device_raise_irq = (irq) => {
      const bit = 1 << irq
      if ((high & bit) === 0 && irq < lines) this.counts[irq]!++
      high |= bit
      raise.call(cpu, irq)
    }
    cpu.device_lower_irq = (irq) => {
      high &= ~(1 << irq)
      lower.call(cpu, irq)
    }
  }
}
