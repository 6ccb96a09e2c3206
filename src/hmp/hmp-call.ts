import type { Arguments, CommandName, Returned } from '../commands/index.ts'
import type { CallDescriptors } from '../qapi/index.ts'

/** What a command of the human monitor may do, beside reading its arguments. */
export interface HmpCall<Needs> {
  readonly parts: Needs
  /** The CPU that is looked at, unless a command names another. */
  readonly cpuIndex: number
  /** Fires when the machine ends. */
  readonly signal: AbortSignal
  /** Prints, as it is: lines end in a newline that the text has. */
  print(text: string): void
  /** For what prints without end: waits until more can be taken; false once nobody wants it any more. */
  wanted(): Promise<boolean>
  /**
   * Runs a QMP command, of this machine; its failure is the failure of this command.
   *
   * @throws {QmpError}
   */
  qmp<Name extends CommandName>(
    name: Name,
    ...args: {} extends Arguments<Name> ? [args?: Arguments<Name>] : [args: Arguments<Name>]
  ): Promise<Returned<Name>>
  /** The monitor's own state. */
  readonly monitor: MonitorState
}

/** What a monitor remembers from one line to the next. */
export interface MonitorState {
  cpuIndex: number
  /** Lines that were typed, the oldest first; empty in a monitor without an editor. */
  readonly history: readonly string[]
  /** Whether its user waits for commands that take long; a client of QMP is answered at once. */
  readonly waits: boolean
  /** What has been passed to it. */
  readonly descriptors: CallDescriptors
}
