import type { V86Emulator } from '../v86-internals.ts'
import { isEndlessRecursion } from '../wasm/wasm-loader.ts'
import { compilerLock, stackPointer } from '../wasm/wasm-patches.ts'

/** What makes a guest stand still by itself. */
export interface GuestStops {
  /** The guest pulled the reset line, or made the CPU give up (triple fault). */
  reset(): void
  /** The emulator failed. */
  crash(error: Error): void
}

/**
 * Where v86 gives up when the guest's CPU is in a state, or is told to enter one, that it knows no way out of: a fault
 * that it cannot deliver, a task or a gate that is none. The real CPU would mostly shut down, and the board reset.
 */
const hopelessState = /panicked at src\/rust\/cpu\//

/** System control port A of a PS/2: bit 0 pulls the reset line. v86 only remembers what is written there. */
const controlPortA = 0x92

/**
 * Catches the ways in which a guest leaves the normal course: resets through the keyboard controller and the ports
 * 0xCF9 and 0x92 (v86 would reboot at once), faults that v86 cannot deliver (v86 would take the thread down), and failures of the
 * emulator itself.
 */
export function catchGuestStops(emulator: V86Emulator, stops: GuestStops, takePanic: () => string): void {
  const loop = emulator.v86
  loop.cpu.reboot_internal = () => {
    if (breakOff(emulator)) stops.reset()
  }
  let control = 0
  loop.cpu.io.register_read(controlPortA, loop.cpu, () => control)
  loop.cpu.io.register_write(controlPortA, loop.cpu, (value) => {
    control = value & ~1
    if (value & 1) loop.cpu.reboot_internal()
  })
  const { memory, [stackPointer]: stack } = loop.cpu.wm.exports
  const emptyStack = stack.value
  const tick = loop.do_tick
  loop.do_tick = function (this: typeof loop) {
    try {
      tick.call(this)
      if (broken.delete(emulator)) this.cpu.in_hlt[0] = 0
    } catch (error) {
      standStill(emulator)
      stack.value = emptyStack // what was thrown has left v86's functions in the middle
      const panic = takePanic()
      if (broken.delete(emulator)) return // has been told of already
      const compiling = new Uint8Array(memory.buffer)[compilerLock] !== 0
      if (!compiling && (hopelessState.test(panic) || isEndlessRecursion(error))) stops.reset()
      else stops.crash(failureOf(error, panic))
    }
  }
}

/** What v86 says before it traps tells more than the trap. */
function failureOf(error: unknown, panic: string): Error {
  if (error instanceof WebAssembly.RuntimeError && panic !== '') return new Error(panic.trim(), { cause: error })
  return error instanceof Error ? error : new Error(String(error))
}

/** Machines whose slice has been broken off by what only looks like a HLT. */
const broken = new WeakSet<V86Emulator>()

/**
 * Ends execution from within a port's handler: what stands behind the instruction at work does not run any more. A
 * slice ends early only if the CPU halts.
 *
 * @returns false if that has been done already: an instruction can write to a port many times
 */
export function breakOff(emulator: V86Emulator): boolean {
  if (broken.has(emulator)) return false
  standStill(emulator)
  emulator.v86.cpu.in_hlt[0] = 1
  broken.add(emulator)
  return true
}

/** What an access from outside has broken off is over with it: there is no slice that would notice. */
export function forgetBreak(emulator: V86Emulator): void {
  if (!emulator.v86.running && broken.delete(emulator)) emulator.v86.cpu.in_hlt[0] = 0
}

/** Ends execution: the slice in progress is the last one. */
export function standStill({ v86: loop }: V86Emulator): void {
  loop.running = false
  loop.stopping = false
  loop.tick_counter++ // a tick that is due finds that it is not the newest
}
