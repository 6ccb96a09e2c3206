import { mergeOptionLists, OptionError, type OptionList, optionListHelp, parseOptionList } from '../../keyval/index.ts'
import { type SpiceConfig, spiceConfigOf, spiceOptionKinds } from '../../spice-server/index.ts'
import { usualDisplay, type VncDisplayConfig, vncDisplayOf, vncOptionKinds } from '../../vnc/index.ts'
import { type ConsoleAddress, consoleAddressOf, usualConsoleAddress } from '../../web-console/index.ts'
import type { Asked } from '../config.ts'
import { ConfigError, inWordsOf, meant } from '../config-error.ts'
import type { HelpText } from '../help-text.ts'
import { audioIdOf } from './audio.ts'
import { type DisplayOptions, displayHelp, displayOptionsOf } from './display.ts'
import { isHelp } from './members.ts'

export interface ScreenDraftOptions {
  readonly warn: (text: string) => void
  /** Takes what was asked for instead of a machine. */
  readonly answer: (help: HelpText) => void
}

/** What is said of who looks at the guest's screen, while it is being said. */
export class ScreenDraft {
  readonly #warn: ScreenDraftOptions['warn']
  readonly #answer: ScreenDraftOptions['answer']
  readonly #displays: (VncDisplayConfig & Asked)[] = []
  readonly #spice: OptionList[] = []
  readonly #audio = new Set<string>()
  #said = false
  #windows: DisplayOptions = { type: 'none' }
  #consolePage: (ConsoleAddress & Asked) | undefined
  #keymap: string | undefined

  constructor({ warn, answer }: ScreenDraftOptions) {
    this.#warn = warn
    this.#answer = answer
  }

  /**
   * Where VNC is served, in order.
   *
   * @throws {ConfigError} if a display is to play the sound of a back end that there is not
   */
  displays(): readonly (VncDisplayConfig & Asked)[] {
    for (const { audio, origin } of this.#displays)
      if (audio !== undefined && !this.#audio.has(audio)) throw ConfigError.at(origin, `Audiodev '${audio}' not found`)
    return this.#displays
  }

  /**
   * Where SPICE is served: all that was said of it counts as one.
   *
   * @throws {ConfigError} if that cannot be
   */
  spiceServer(): SpiceConfig | undefined {
    if (this.#spice.length === 0) return undefined
    return meant(() => spiceConfigOf(mergeOptionLists(this.#spice), this.#warn))
  }

  /** Where the console page is served. */
  get consolePage(): (ConsoleAddress & Asked) | undefined {
    return this.#consolePage
  }

  /** What was said of windows. */
  get windows(): DisplayOptions {
    return this.#windows
  }

  /** -k: the layout that viewers' keys are found by. */
  get keymap(): string | undefined {
    return this.#keymap
  }

  set keymap(name: string | undefined) {
    this.#keymap = name
  }

  /** Nothing is shown unless a display is served. */
  none(): void {
    this.#said = true
  }

  /** -display. @throws {ConfigError} if there is no such way to show the screen */
  display(text: string, origin: string): void {
    this.#said = true
    if (isHelp(text)) this.#answer({ text: displayHelp, status: 0 })
    else if (text.startsWith('vnc=')) this.vnc(text.slice('vnc='.length), origin)
    else if (text === 'web' || text.startsWith('web=')) this.#page(text.slice('web='.length), origin)
    else this.#windows = inWordsOf(origin, () => displayOptionsOf(text))
  }

  #page(text: string, origin: string): void {
    const address = text === '' ? usualConsoleAddress : consoleAddressOf(text)
    if (address === undefined) throw ConfigError.at(origin, `'${text}' is no HOST:PORT`)
    this.#consolePage = { ...address, origin }
  }

  /** -vnc. @throws {ConfigError} if that cannot be */
  vnc(text: string, origin: string | undefined): void {
    this.#said = true
    inWordsOf(origin, () => {
      const warn = (warning: string): void => this.#warn(`${origin}: warning: ${warning}`)
      // Whoever asks for help alone does not name a display.
      const impliedName = text === 'help' || text === '?' ? undefined : 'vnc'
      const rules = { kinds: vncOptionKinds, help: true, warn, ...(impliedName !== undefined && { impliedName }) }
      const list = parseOptionList(text, rules)
      if (list.help) {
        this.#answer({ text: optionListHelp('vnc', vncOptionKinds), status: 1 })
        return
      }
      const display = vncDisplayOf(list, this.#freeName())
      if (this.#displays.some(({ id }) => id === display.id))
        throw new OptionError(`Duplicate ID '${display.id}' for vnc`)
      this.#displays.push({ ...display, origin })
    })
  }

  /** -spice. @throws {ConfigError} if there is no such option */
  spice(text: string, origin: string): void {
    this.#said = true
    inWordsOf(origin, () => {
      const warn = (warning: string): void => this.#warn(`${origin}: warning: ${warning}`)
      const list = parseOptionList(text, { kinds: spiceOptionKinds, help: true, merges: true, warn })
      if (list.help) this.#answer({ text: optionListHelp('spice', spiceOptionKinds), status: 1 })
      else this.#spice.push(list)
    })
  }

  /** -audiodev: one that makes no sound. */
  audio(text: string, origin: string): void {
    this.#audio.add(inWordsOf(origin, () => audioIdOf(text)))
  }

  /** Who said nothing of it can look at the screen on this machine; as QEMU does it where it has no windows. */
  addDefault(): void {
    if (!this.#said) this.vnc(usualDisplay, undefined)
  }

  #freeName(): string {
    const taken = this.#displays.length
    return taken === 0 ? 'default' : `vnc${taken + 1}`
  }
}
