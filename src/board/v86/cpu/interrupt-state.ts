import type { InterruptControllers, IoApicState, LocalApicState, PicState } from '../../interrupt-controllers.ts'
import type { V86Cpu } from '../v86-internals.ts'

/** What interrupt controllers hold; consistent between two slices of execution only. */
export function readInterruptControllers(cpu: V86Cpu, rises: readonly number[]): InterruptControllers {
  const state = cpu.get_state_pic() as (number | number[])[]
  return {
    pics: [pic(state), pic(state[slave] as number[])],
    ioApic: ioApic(words(cpu.get_state_ioapic())),
    localApic: localApic(words(cpu.get_state_apic())),
    rises,
  }
}

/** Where the second controller stands among the values of the first. */
const slave = 5

/** The order of v86's values. */
function pic(values: readonly unknown[]): PicState {
  const [unmasked, base, inService, requested] = values as number[]
  return {
    requested: requested!,
    masked: ~unmasked! & 0xff,
    inService: inService!,
    base: base!,
    readsInService: values[8] === 1,
    levelTriggered: values[10] as number,
  }
}

const pins = 24

function ioApic(state: Uint32Array): IoApicState {
  return {
    redirections: Array.from({ length: pins }, (_, pin) => (BigInt(state[pins + pin]!) << 32n) | BigInt(state[pin]!)),
    selected: state[pins * 2]!,
    id: state[pins * 2 + 1]!,
    requested: state[pins * 2 + 2]!,
  }
}

function localApic(state: Uint32Array): LocalApicState {
  const at = (index: number): number => state[index]!
  const eight = (index: number): number[] => [...state.subarray(index, index + 8)]
  return {
    id: at(0),
    timerDivider: at(1),
    timerInitial: at(3),
    timerCurrent: at(4),
    timer: at(8),
    performance: at(9),
    lint0: at(10),
    lint1: at(11),
    error: at(12),
    taskPriority: at(13),
    command: at(14),
    commandHigh: at(15),
    requested: eight(16),
    inService: eight(24),
    triggeredByLevel: eight(32),
    spurious: at(40),
    destinationFormat: at(41),
    logicalDestination: at(42),
    errorStatus: at(44),
    thermal: at(45),
  }
}

/** A copy in words: v86 gives its memory away in bytes. */
function words(bytes: unknown): Uint32Array {
  return new Uint32Array((bytes as Uint8Array).slice().buffer)
}
