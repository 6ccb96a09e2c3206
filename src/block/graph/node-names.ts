import { BlockError } from '../block-error.ts'

const longestName = 31

/**
 * Checks a name that a user gives to a node.
 *
 * @throws {BlockError} kind `invalid`
 */
export function checkNodeName(name: string): void {
  if (!/^[A-Za-z][A-Za-z0-9\-._]*$/.test(name)) throw new BlockError('invalid', `Invalid node-name: '${name}'`)
  if (name.length > longestName) throw new BlockError('invalid', 'Node name too long')
}

/** Makes names for nodes that got none: `#block` and a number that never comes again, with two random digits behind it. */
export class NodeNames {
  #next = 0
  readonly #random: () => number

  /** @param random - as `Math.random`; for tests */
  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  generate(): string {
    const digits = String(Math.floor(this.#random() * 100)).padStart(2, '0')
    return `#block${this.#next++}${digits}`
  }
}
