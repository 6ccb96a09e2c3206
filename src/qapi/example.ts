/** A transcript that documents a command, and is run as a test. */
export interface Example {
  readonly title: string
  readonly lines: readonly { readonly from: 'client' | 'server'; readonly text: string }[]
}

/**
 * Reads a transcript: lines beginning with `->` are sent, with `<-` received.
 *
 * @throws {Error} if a line begins otherwise
 */
export function example(title: string, transcript: string): Example {
  const lines = transcript
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      if (line.startsWith('-> ')) return { from: 'client', text: line.slice(3) } as const
      if (line.startsWith('<- ')) return { from: 'server', text: line.slice(3) } as const
      throw new Error(`a transcript line begins with '->' or '<-', not: ${line}`)
    })
  return { title, lines }
}
