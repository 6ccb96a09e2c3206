/** A conversation that documents a command, and is run as a test. */
export interface Example extends ExampleSetting {
  readonly title: string
  readonly lines: readonly { readonly from: 'client' | 'server'; readonly text: string }[]
}

/** The machine on which an example is true. Unless it says otherwise: stopped (`-S`) and empty (`-nodefaults`). */
export interface ExampleSetting {
  /** Options that stand in place of `-nodefaults`. */
  readonly options?: string
  /** Why QEMU would answer otherwise. */
  readonly ownAnswer?: string
}

/**
 * Reads a conversation: lines beginning with `->` are sent, with `<-` received; times of events mean nothing.
 *
 * @throws {Error} if a line begins otherwise
 */
export function example(title: string, conversation: string, setting: ExampleSetting = {}): Example {
  const lines = conversation
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      if (line.startsWith('-> ')) return { from: 'client', text: line.slice(3) } as const
      if (line.startsWith('<- ')) return { from: 'server', text: line.slice(3) } as const
      throw new Error(`a line of a conversation begins with '->' or '<-', not: ${line}`)
    })
  return { title, lines, ...setting }
}
