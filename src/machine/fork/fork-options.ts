import { QmpError } from '../../qapi/index.ts'

/** How a fork is to differ from the machine that it comes from. */
export interface ForkOptions {
  /** Where the images go that the two write from now on: needed if the machine has an image that it can write. */
  readonly folder?: string
  readonly name?: string
  /** What query-uuid tells. The guest has read the old one. */
  readonly uuid?: string
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

export function cannotFork(reason: string): QmpError {
  return new QmpError('GenericError', `The machine cannot be forked: ${reason}`)
}
