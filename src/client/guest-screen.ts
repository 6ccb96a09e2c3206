import { DeadlineError, deadline, pause } from '../async/index.ts'
import type { Returned } from '../commands/index.ts'
import type { CallOptions } from './qmp-client.ts'
import { patternText, textPattern } from './text-pattern.ts'

/** How long to wait, and who may end that. */
export interface WaitOptions {
  readonly signal?: AbortSignal
  /** Gives up after so many milliseconds; `defaultTimeoutMs` if absent. */
  readonly timeoutMs?: number
}

export const defaultTimeoutMs = 60_000
/** How often the screen is looked at, in milliseconds. */
const intervalMs = 40

/** What is needed of a client. */
export interface Executes {
  executeAny(name: string, args?: object, options?: CallOptions): Promise<unknown>
}

/** The screen did not come to show what was waited for. */
export class ScreenTimeoutError extends Error {
  override readonly name = 'ScreenTimeoutError'
  /** What it showed in the end; undefined in a graphics mode. */
  readonly text: string | undefined

  constructor(pattern: RegExp | string, text: string | undefined, options: ErrorOptions) {
    super(
      `the screen does not show ${patternText(pattern)}; ${text === undefined ? 'it has no text' : `it says:\n${text}`}`,
      options,
    )
    this.text = text
  }
}

/** What the guest's screen says, character by character: for vmon only, QEMU has pictures alone. */
export class GuestScreen {
  readonly #client: Executes

  constructor(client: Executes) {
    this.#client = client
  }

  /**
   * The text of a text mode, a line for each row, without the blanks at the end of each and the empty rows at the end of
   * all; undefined while the guest shows graphics, or nothing.
   *
   * @throws {CommandError} CommandNotFound, if the server is not vmon
   */
  async text(options: CallOptions = {}): Promise<string | undefined> {
    const { text } = (await this.#client.executeAny(
      '__org.vmon_query-screen-text',
      {},
      options,
    )) as Returned<'__org.vmon_query-screen-text'>
    return text?.lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd()
  }

  /**
   * Waits until the screen shows what `pattern` finds in its text, or that text itself, and returns what it found.
   *
   * @throws {ScreenTimeoutError} if the time is up
   * @throws the reason of `signal`, if it fires first
   */
  async waitFor(
    pattern: RegExp | string,
    { signal, timeoutMs = defaultTimeoutMs }: WaitOptions = {},
  ): Promise<RegExpExecArray> {
    const limit = deadline(timeoutMs, signal)
    const wanted = textPattern(pattern)
    let seen: string | undefined
    try {
      for (;;) {
        seen = await this.text({ signal: limit.signal })
        const match = seen === undefined ? null : wanted.exec(seen)
        if (match !== null) return match
        await pause(intervalMs, limit.signal)
      }
    } catch (cause) {
      if (cause instanceof DeadlineError && limit.signal.reason === cause)
        throw new ScreenTimeoutError(pattern, seen, { cause })
      throw cause
    } finally {
      limit.clear()
    }
  }
}
