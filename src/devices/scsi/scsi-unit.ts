import { ScsiFailure, type Sense, senseBytes, senses } from './sense.ts'

/** A command for a unit. */
export interface ScsiCommand {
  readonly cdb: Uint8Array
  /** What the guest sends. */
  readonly out: Uint8Array
  /** How many bytes of an answer it has room for. */
  readonly room: number
}

export interface ScsiAnswer {
  readonly status: number
  readonly sense?: Uint8Array
  readonly data?: Uint8Array
  /** It would have sent more than there is room for, or has not been sent enough. */
  readonly overrun?: true
}

export const scsiStatus = { good: 0, checkCondition: 2 } as const
const opcode = { requestSense: 0x03, inquiry: 0x12, reportLuns: 0xa0 } as const

/** What a kind of unit does. @throws {ScsiFailure} if it cannot be done */
export type RunCommand = (command: ScsiCommand) => Promise<Uint8Array | undefined> | Uint8Array | undefined

/**
 * A logical unit: runs commands, tells of what has happened meanwhile first, and keeps why the last one has failed.
 *
 * @see SPC-3
 */
export class ScsiUnit {
  readonly #run: RunCommand
  #attention: Sense | undefined
  #last: Sense = senses.none

  constructor(run: RunCommand) {
    this.#run = run
  }

  /** What the guest is to hear before anything else. */
  attend(why: Sense): void {
    if (this.#attention === undefined || this.#attention === senses.reset) this.#attention = why
  }

  /** @returns how it has ended; does not throw */
  async execute(command: ScsiCommand): Promise<ScsiAnswer> {
    const [code] = command.cdb
    if (code === opcode.requestSense) return answerOf(this.#takeSense(), command.cdb[4]!)
    const attention = this.#attention
    if (attention !== undefined && code !== opcode.inquiry && code !== opcode.reportLuns && code !== 0x4a) {
      this.#attention = undefined
      return this.#failed(attention)
    }
    try {
      const data = await this.#run(command)
      this.#last = senses.none
      return data === undefined ? { status: scsiStatus.good } : { status: scsiStatus.good, data }
    } catch (error) {
      if (error instanceof Overrun) return { status: scsiStatus.good, overrun: true }
      // Why a drive has failed has been told by the drive.
      return this.#failed(error instanceof ScsiFailure ? error.sense : senses.failed)
    }
  }

  #failed(why: Sense): ScsiAnswer {
    this.#last = why
    return { status: scsiStatus.checkCondition, sense: senseBytes(why) }
  }

  #takeSense(): Uint8Array {
    const why = this.#attention ?? this.#last
    this.#attention = undefined
    this.#last = senses.none
    return senseBytes(why)
  }
}

/** A transfer does not fit into what the guest has made for it. */
export class Overrun extends Error {
  override readonly name = 'Overrun'
}

/** Commands for a unit that is not there, on a target that is. */
export const missingUnit: RunCommand = ({ cdb }) => {
  if (cdb[0] !== opcode.inquiry) throw new ScsiFailure(senses.lunNotSupported)
  const bytes = new Uint8Array(36)
  bytes[0] = 0x7f
  bytes[4] = 31
  return cut(bytes, (cdb[3]! << 8) | cdb[4]!)
}

function answerOf(data: Uint8Array, allocated: number): ScsiAnswer {
  return { status: scsiStatus.good, data: cut(data, allocated) }
}

/** As much of an answer as was asked for. */
export function cut(bytes: Uint8Array, allocated: number): Uint8Array {
  return bytes.subarray(0, Math.min(bytes.length, allocated))
}
