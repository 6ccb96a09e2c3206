import { cycleError } from './cycles.ts'

/** A node that is being opened, and waits for one below it. */
export interface OpeningNode {
  readonly name: string
  /** What it calls the one that it waits for. */
  readonly link: string
}

/**
 * Looks whether options name a node that waits for theirs to be opened: it would lie below itself.
 *
 * @param opening - the outermost first
 * @throws {BlockError} kind `invalid`, with QEMU's text, which speaks of the uppermost link
 */
export function checkNotOpening(opening: readonly OpeningNode[], reference: string): void {
  const index = opening.findLastIndex(({ name }) => name === reference)
  const node = opening[index]
  if (node !== undefined) throw cycleError(node.name, node.link, opening[index + 1]?.name ?? reference)
}
