import { QmpError } from '../../qapi/index.ts'
import type { MemberKinds } from '../checked-members.ts'

/** How a fork is to differ from the machine that it comes from. */
export interface ForkOptions {
  /**
   * Where the images go that the two write from now on: needed if the machine has an image that it can write. It is made
   * where it is not there, if the one above it is.
   */
  readonly folder?: string
  readonly name?: string
  /** What query-uuid and the firmware tell. The guest has read the old one, and reads this one when it starts again. */
  readonly uuid?: string
  /**
   * Addresses of network cards, by the ids of the cards or of what is behind them. The guest's driver goes on with the old
   * one until it starts again, or the guest does.
   */
  readonly macs?: Readonly<Record<string, string>>
  /** What the guest's clock shows from now on, as `base` of `-rtc`: `utc`, `localtime` or a date; else it goes on. */
  readonly rtcBase?: string
  /** Where the fork's QMP is served, as option `qmp`; without it, it has no socket of its own. */
  readonly qmp?: string
  /** It waits for `cont`. */
  readonly paused?: boolean
}

/** An image that two machines go on from: nobody writes it any more. */
export interface ForkedImage {
  /** The drive, or the node, that has it. */
  readonly device: string
  /** What both show where they have written nothing. */
  readonly backing: string
  /** What the machine writes from now on. */
  readonly own: string
  /** What the fork writes. */
  readonly fork: string
}

export const forkKinds: MemberKinds<ForkOptions> = {
  folder: 'text',
  name: 'text',
  uuid: 'text',
  macs: 'texts',
  rtcBase: 'text',
  qmp: 'text',
  paused: 'switch',
}

export function cannotFork(reason: string): QmpError {
  return new QmpError('GenericError', `The machine cannot be forked: ${reason}`)
}
