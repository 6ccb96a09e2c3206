import { deadline, pause } from '../async/index.ts'
import type { Returned } from '../commands/index.ts'
import { chordsOf, type KeyboardLayout, type QKeyCode } from '../input/index.ts'
import { CommandError } from './client-error.ts'
import { defaultTimeoutMs, type Executes, type WaitOptions } from './guest-screen.ts'

export interface TypeOptions extends WaitOptions {
  /** The layout that the guest has loaded; `us` if absent. */
  readonly layout?: KeyboardLayout
}

/** Characters that are sent together. */
const atOnce = 16
/** How much may wait for the guest while more is sent: far less than vmon keeps. */
const ahead = 64
const intervalMs = 4
/** For a server that does not tell what the guest has taken: how long each step is held, in milliseconds. */
const holdMs = 20

/** Types on the guest's keyboard. */
export class GuestKeyboard {
  readonly #client: Executes
  readonly #layout: KeyboardLayout

  constructor(client: Executes, layout: KeyboardLayout = 'us') {
    this.#client = client
    this.#layout = layout
  }

  /**
   * Types a text, and returns when the guest has taken all of it: a line end is the return key, `\t` the tabulator, `\b`
   * backspace, `\x1b` escape. No faster than the guest takes it; where the server does not tell that (QEMU), at a pace
   * that most guests can follow.
   *
   * @throws {RangeError} if the layout has no key for a character; nothing has been typed then
   * @throws {CommandError} if the guest does not run
   * @throws {DeadlineError} if the guest does not take it in time; or the reason of `signal`
   */
  async type(
    text: string,
    { layout = this.#layout, signal, timeoutMs = defaultTimeoutMs }: TypeOptions = {},
  ): Promise<void> {
    const chords = chordsOf(text, layout)
    const limit = deadline(timeoutMs, signal, 'Typing')
    try {
      if (await this.#tellsWhatWaits(limit.signal)) await this.#typeAsTaken(chords, limit.signal)
      else await this.#typeAtPace(chords, limit.signal)
    } finally {
      limit.clear()
    }
  }

  async #typeAsTaken(chords: readonly QKeyCode[][], signal: AbortSignal): Promise<void> {
    for (let next = 0; next < chords.length; next += atOnce) {
      const events = chords.slice(next, next + atOnce).flatMap(pressAndRelease)
      await this.#client.executeAny('input-send-event', { events }, { signal })
      await this.#until(next + atOnce < chords.length ? ahead : 0, signal)
    }
  }

  /** Waits until no more than `most` waits for the guest. */
  async #until(most: number, signal: AbortSignal): Promise<void> {
    while ((await this.#waiting(signal)) > most) await pause(intervalMs, signal)
  }

  async #typeAtPace(chords: readonly QKeyCode[][], signal: AbortSignal): Promise<void> {
    for (const chord of chords) {
      const keys = chord.map((data) => ({ type: 'qcode', data }))
      await this.#client.executeAny('send-key', { keys, 'hold-time': holdMs }, { signal })
      await pause(2 * chord.length * holdMs, signal)
    }
  }

  async #tellsWhatWaits(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#waiting(signal)
      return true
    } catch (error) {
      if (error instanceof CommandError && error.errorClass === 'CommandNotFound') return false
      throw error
    }
  }

  async #waiting(signal: AbortSignal): Promise<number> {
    const name = '__org.vmon_query-keyboard'
    const { waiting } = (await this.#client.executeAny(name, {}, { signal })) as Returned<typeof name>
    return waiting
  }
}

/** The keys of a chord go down in order and up in the reverse order. */
function pressAndRelease(chord: readonly QKeyCode[]): object[] {
  const event = (data: QKeyCode, down: boolean) => ({ type: 'key', data: { key: { type: 'qcode', data }, down } })
  return [...chord.map((key) => event(key, true)), ...chord.toReversed().map((key) => event(key, false))]
}
