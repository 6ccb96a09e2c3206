/** What commands do to a node that somebody may not want to be done meanwhile. */
export type GraphOperation =
  | 'backup-source'
  | 'backup-target'
  | 'change'
  | 'commit-source'
  | 'commit-target'
  | 'drive-del'
  | 'eject'
  | 'external-snapshot'
  | 'internal-snapshot'
  | 'mirror-source'
  | 'mirror-target'
  | 'replace'
  | 'resize'
  | 'stream'

interface Blocker {
  readonly reason: string
  readonly except: readonly GraphOperation[]
}

/** Who does not want a node to be changed by commands, and why. */
export class Blockers {
  readonly #blockers = new Set<Blocker>()
  #freezes = 0

  /** Refuses all operations but those that are named, until the result is called. */
  block(reason: string, except: readonly GraphOperation[] = []): () => void {
    const blocker = { reason, except }
    this.#blockers.add(blocker)
    return () => void this.#blockers.delete(blocker)
  }

  /** Why an operation is refused, in the words of who came last; undefined if it is not. */
  against(operation: GraphOperation): string | undefined {
    return [...this.#blockers].findLast(({ except }) => !except.includes(operation))?.reason
  }

  /** Keeps the node that shows through this one where it is, until the result is called. */
  freezeLink(): () => void {
    this.#freezes++
    return () => void this.#freezes--
  }

  /** Whether somebody relies on the node that shows through this one. */
  get linkFrozen(): boolean {
    return this.#freezes > 0
  }
}
