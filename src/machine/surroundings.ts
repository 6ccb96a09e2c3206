import type { LogControl, Logger } from '../log/index.ts'
import type { MemberKinds } from './checked-members.ts'

/** What a machine finds around it when it starts, and whom it tells. */
export interface MachineSurroundings {
  readonly log?: Logger
  /** For whoever may change what is logged. */
  readonly logControl?: LogControl
  /** Hears what a user should know, a text of one or more lines. */
  readonly warn?: (text: string) => void
  /** Hears of what has failed, and is tried again. */
  readonly complain?: (text: string) => void
  /** Told what QEMU prints on standard output: which images are made. */
  readonly print?: (text: string) => void
  /**
   * Told that the start waits for somebody to connect (`wait=on`): to which device, as query-chardev shows it, and for
   * which option.
   */
  readonly waiting?: (filename: string, origin: string | undefined) => void
  /** Told what a character device became that the user has to be told of: a pseudo-terminal. */
  readonly redirected?: (filename: string, label: string) => void
  /** Told what a user who asked for nothing should know: where the screen can be seen. */
  readonly inform?: (text: string) => void
  /** Told that the machine ends as by a crash (`kill()`, `__org.vmon_kill`), before anything of it is closed. */
  readonly killed?: () => void
  /**
   * A file that `save` wrote for a machine like this one: the machine continues where that one stood. The media are not
   * in it; give it those that the saved machine had.
   */
  readonly savedState?: string
  /** Gives up the start. */
  readonly signal?: AbortSignal
}

export const surroundingKinds: MemberKinds<MachineSurroundings> = {
  log: 'object',
  logControl: 'object',
  warn: 'function',
  complain: 'function',
  print: 'function',
  waiting: 'function',
  redirected: 'function',
  inform: 'function',
  killed: 'function',
  savedState: 'text',
  signal: 'object',
}
