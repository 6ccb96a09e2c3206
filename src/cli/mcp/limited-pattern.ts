import { createContext, Script } from 'node:vm'

/** How long a pattern may search what a guest says, in milliseconds. */
const mostMs = 200
const search = new Script('pattern.exec(text)')

/**
 * A pattern of a client's, for text of a guest's: a search that would take for ever ends with an error, and the machines
 * of this process go on.
 */
export class LimitedPattern extends RegExp {
  readonly #plain: RegExp

  /** @throws {SyntaxError} if that is no regular expression */
  constructor(source: string) {
    super(source, 'm')
    this.#plain = new RegExp(source, 'm')
  }

  /** @throws {Error} if the search takes too long */
  override exec(text: string): RegExpExecArray | null {
    try {
      const context = createContext({ pattern: this.#plain, text })
      return search.runInContext(context, { timeout: mostMs }) as RegExpExecArray | null
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause
      throw new Error(`the search for ${this.source} takes too long: give a simpler pattern, or a text`, { cause })
    }
  }
}
