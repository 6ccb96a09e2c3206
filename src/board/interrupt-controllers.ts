/** An i8259. */
export interface PicState {
  /** Lines that ask, lines that are masked, lines that are being served: a bit each. */
  readonly requested: number
  readonly masked: number
  readonly inService: number
  /** The vector of the first line. */
  readonly base: number
  /** Whether a read gives what is being served, instead of what asks. */
  readonly readsInService: boolean
  /** Lines that are triggered by their level. */
  readonly levelTriggered: number
}

export interface IoApicState {
  readonly id: number
  /** The register that the next access is to. */
  readonly selected: number
  /** The redirection table, an entry of 64 bits for each pin. */
  readonly redirections: readonly bigint[]
  /** Pins that ask. */
  readonly requested: number
}

/** The CPU's own APIC, as its registers show it. */
export interface LocalApicState {
  readonly id: number
  readonly timer: number
  readonly thermal: number
  readonly performance: number
  readonly lint0: number
  readonly lint1: number
  readonly error: number
  readonly taskPriority: number
  readonly command: number
  readonly commandHigh: number
  /** 256 bits in eight words, the lowest first; so the two below. */
  readonly requested: readonly number[]
  readonly inService: readonly number[]
  readonly triggeredByLevel: readonly number[]
  readonly spurious: number
  readonly destinationFormat: number
  readonly logicalDestination: number
  readonly errorStatus: number
  /** As the register encodes it: bits 0, 1 and 3. */
  readonly timerDivider: number
  readonly timerInitial: number
  readonly timerCurrent: number
}

/** Everything between devices and the CPU's interrupt pin. */
export interface InterruptControllers {
  /** The one that the CPU listens to, and the one behind its line 2. */
  readonly pics: readonly [PicState, PicState]
  readonly ioApic: IoApicState
  readonly localApic: LocalApicState
  /** How often each of the 16 lines of the ISA bus has risen since the power came on. */
  readonly rises: readonly number[]
}

const pic: PicState = { requested: 0, masked: 0, inService: 0, base: 0, readsInService: false, levelTriggered: 0 }
const masked = 0x10000
const nothing: readonly number[] = new Array(8).fill(0)

/** As a PC's are when the power has come on. */
export const resetControllers: InterruptControllers = {
  pics: [pic, pic],
  ioApic: { id: 0, selected: 0, redirections: new Array<bigint>(24).fill(BigInt(masked)), requested: 0 },
  localApic: {
    id: 0,
    timer: masked,
    thermal: masked,
    performance: masked,
    lint0: masked,
    lint1: masked,
    error: masked,
    taskPriority: 0,
    command: 0,
    commandHigh: 0,
    requested: nothing,
    inService: nothing,
    triggeredByLevel: nothing,
    spurious: 0xff,
    destinationFormat: 0xffffffff,
    logicalDestination: 0,
    errorStatus: 0,
    timerDivider: 0,
    timerInitial: 0,
    timerCurrent: 0,
  },
  rises: [1, ...new Array<number>(15).fill(0)],
}
