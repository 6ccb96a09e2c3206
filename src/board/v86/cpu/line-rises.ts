import type { V86Cpu } from '../v86-internals.ts'

const lines = 16

/** Counts how often each interrupt line rises: v86 keeps no such count. Every device goes through the CPU's two functions. */
export class LineRises {
  readonly counts: number[] = new Array<number>(lines).fill(0)
  /** Hears of each line that rises or falls. */
  changed: ((line: number, asserted: boolean) => void) | undefined

  constructor(cpu: V86Cpu) {
    const [raise, lower] = [cpu.device_raise_irq, cpu.device_lower_irq]
    let high = 0
    cpu.device_raise_irq = (irq) => {
      const bit = 1 << irq
      const rises = (high & bit) === 0 && irq < lines
      if (rises) this.counts[irq]!++
      high |= bit
      raise.call(cpu, irq)
      if (rises) this.changed?.(irq, true)
    }
    cpu.device_lower_irq = (irq) => {
      const falls = (high & (1 << irq)) !== 0 && irq < lines
      high &= ~(1 << irq)
      lower.call(cpu, irq)
      if (falls) this.changed?.(irq, false)
    }
  }
}
