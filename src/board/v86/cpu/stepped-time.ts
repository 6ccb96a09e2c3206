import { setImmediate as nextTurn } from 'node:timers/promises'
import type { V86Cpu } from '../v86-internals.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** v86's own devices are asked at least so often, in milliseconds of guest time: no shorter, or time would stand still. */
const shortestStep = 0.001
/** So many steps are made before the thread hears its host again. */
const stepsInARow = 2000

interface Stepped {
  readonly cpu: V86Cpu
  readonly clock: VirtualClock
  /** Called when something may have happened. */
  readonly settle: () => void
}

/**
 * Lets guest time, which must stand still, go on to a point, and everything happen that becomes due on the way, in order.
 *
 * @param target - in milliseconds of guest time; undefined for the next point at which something may happen
 */
export async function stepTime({ cpu, clock, settle }: Stepped, target: number | undefined): Promise<void> {
  const next = (): number => {
    const wanted = Math.max(shortestStep, cpu.run_hardware_timers(true, clock.now()))
    return Math.min(clock.now() + wanted, clock.nextDue ?? Infinity)
  }
  const end = target ?? next()
  for (let steps = 1; clock.now() < end; steps++) {
    clock.set(Math.max(clock.now(), Math.min(end, next())))
    clock.expire()
    cpu.run_hardware_timers(true, clock.now())
    settle()
    if (steps % stepsInARow === 0) await nextTurn()
  }
}
