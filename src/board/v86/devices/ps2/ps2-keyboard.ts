import { Ps2Queue } from './ps2-queue.ts'
import { inSet3, Translator, translate, untranslated } from './scan-codes.ts'

const ack = 0xfa
const resend = 0xfe
const passed = 0xaa
/** What a keyboard with 101 keys says it is; the second byte is translated like any other. */
const identity = [0xab, 0x83] as const

const command = {
  setLeds: 0xed,
  echo: 0xee,
  scanCodeSet: 0xf0,
  identify: 0xf2,
  setRate: 0xf3,
  enable: 0xf4,
  defaultsAndDisable: 0xf5,
  defaults: 0xf6,
  setAllTypematic: 0xfa,
  setKeyMakeBreak: 0xfc,
  reset: 0xff,
} as const

/** Commands whose next byte is their argument. */
const withArgument: ReadonlySet<number> = new Set([
  command.setLeds,
  command.scanCodeSet,
  command.setRate,
  command.setKeyMakeBreak,
])

/** A PS/2 keyboard with its three sets of scan codes, as QEMU's. */
export class Ps2Keyboard {
  readonly queue: Ps2Queue
  /** The controller turns set 2 into set 1. */
  translates = false
  #enabled = true
  #set = 2
  #awaiting = 0
  readonly #translator = new Translator()
  readonly #lit: (leds: number) => void
  #leds = 0

  /** @param lit - told which lamps the guest wants lit, when that changes: Scroll Lock, Num Lock and Caps Lock are bits 0, 1 and 2 */
  constructor(changed: (waiting: boolean) => void, lit: (leds: number) => void) {
    this.queue = new Ps2Queue(changed)
    this.#lit = lit
  }

  /** Whether it says anything: the guest can switch it off. */
  get enabled(): boolean {
    return this.#enabled
  }

  /** Whether all the codes of a key would be taken now: if not, those that have no room are lost. */
  takes(codes: readonly number[]): boolean {
    const longest = this.translates ? codes : untranslated(codes)
    return !this.#enabled || longest.length <= this.queue.room
  }

  /** A key goes down or up: its codes in set 1, as the controller translates them. A keyboard that the guest has switched off says nothing. */
  press(codes: readonly number[]): void {
    if (this.#enabled) this.queue.report(...this.#encoded(codes))
  }

  write(byte: number): void {
    this.queue.dropReplies()
    if (this.#awaiting !== 0) this.#argument(byte)
    else this.#command(byte)
  }

  /** As after power-on. */
  reset(): void {
    this.translates = false
    this.#awaiting = 0
    this.#defaults()
  }

  getState(): unknown[] {
    const { translates } = this
    return [translates, this.#leds, this.#enabled, this.#set, this.#awaiting, this.queue.getState()]
  }

  setState([translates, leds, enabled, set, awaiting, queue]: readonly unknown[]): void {
    this.translates = translates === true
    this.#light(Number(leds))
    this.#enabled = enabled === true
    this.#set = Number(set)
    this.#awaiting = Number(awaiting)
    this.queue.setState(queue as number[][])
  }

  /** In the set that the guest has chosen; a set other than 2 becomes nonsense when it is translated, as it does in QEMU. */
  #encoded(codes: readonly number[]): readonly number[] {
    if (this.#set === 2) return this.translates ? codes : untranslated(codes)
    const own = this.#set === 3 ? inSet3(codes) : codes
    return this.translates ? own.flatMap((byte) => this.#translator.take(byte)) : own
  }

  #command(byte: number): void {
    switch (byte) {
      case command.echo:
        this.queue.reply(command.echo)
        break
      case command.identify:
        this.queue.reply(ack, identity[0], this.translates ? translate(identity[1]) : identity[1])
        break
      case command.enable:
        this.#enabled = true
        this.queue.reply(ack)
        break
      case command.defaults:
      case command.defaultsAndDisable:
        this.#defaults()
        this.#enabled = byte === command.defaults
        this.queue.reply(ack)
        break
      case command.reset:
        this.#defaults()
        this.queue.reply(ack, passed)
        break
      case command.setAllTypematic:
      case 0x00:
        this.queue.reply(ack)
        break
      default:
        if (withArgument.has(byte)) this.#awaiting = byte
        this.queue.reply(withArgument.has(byte) ? ack : resend)
    }
  }

  #argument(byte: number): void {
    const what = this.#awaiting
    this.#awaiting = 0
    if (what === command.scanCodeSet) {
      this.#chooseSet(byte)
      return
    }
    if (what === command.setLeds) this.#light(byte)
    this.queue.reply(ack)
  }

  /** 0 asks which one it is. */
  #chooseSet(byte: number): void {
    if (byte === 0) {
      this.queue.reply(ack, this.translates ? translate(this.#set) : this.#set)
    } else if (byte <= 3) {
      this.#set = byte
      this.queue.reply(ack)
    } else {
      this.queue.reply(resend)
    }
  }

  #defaults(): void {
    this.#enabled = true
    this.#set = 2
    this.#light(0)
    this.queue.clear()
  }

  #light(leds: number): void {
    if (leds === this.#leds) return
    this.#leds = leds
    this.#lit(leds)
  }
}
