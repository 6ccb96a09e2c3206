/** What an option's `help` answers. */
export interface HelpText {
  readonly text: string
  /** What the program ends with: QEMU says 1 where help came instead of something that it needed. */
  readonly status: 0 | 1
}
