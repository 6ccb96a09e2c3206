import type { InputEvent, InputKind } from './input-event.ts'

/** A device of the guest that people can do something to. */
export interface InputHandler {
  readonly name: string
  readonly takes: readonly InputKind[]
  event(event: InputEvent): void
  /** What came since the last time belongs together and is complete. */
  sync?(): void
}

/** A device's place among the others. */
export interface Registration {
  /** Lets it take what it can before all others. */
  activate(): void
  /** Lets it take only what no other takes. */
  deactivate(): void
  /** Takes the device away. */
  remove(): void
}

/** A pointing device (QAPI `MouseInfo`). */
export interface MouseInfo {
  readonly name: string
  readonly index: number
  readonly current: boolean
  readonly absolute: boolean
}

interface Entry {
  readonly index: number
  readonly handler: InputHandler
  /** It has had events since the last sync. */
  touched: boolean
}

const isMouse = ({ takes }: InputHandler): boolean => takes.includes('rel') || takes.includes('abs')
const isAbsolute = ({ takes }: InputHandler): boolean => takes.includes('abs')

/**
 * The guest's input devices: each event goes to the first that takes events of its kind. Numbers count all devices that
 * were ever there, from 1.
 */
export class InputHandlers {
  #entries: Entry[] = []
  #nextIndex = 1
  readonly #listeners = new Set<() => void>()

  #leds = 0

  /** Lamps of the keyboard that are lit: Scroll Lock, Num Lock and Caps Lock are bits 0, 1 and 2. */
  get leds(): number {
    return this.#leds
  }

  setLeds(leds: number): void {
    this.#leds = leds
    this.#changed()
  }

  register(handler: InputHandler): Registration {
    const entry: Entry = { index: this.#nextIndex++, handler, touched: false }
    this.#entries.push(entry)
    this.#changed()
    return {
      activate: () => this.#activate(entry),
      deactivate: () => {
        this.#entries = [...this.#entries.filter((other) => other !== entry), entry]
        this.#changed()
      },
      remove: () => {
        this.#entries = this.#entries.filter((other) => other !== entry)
        this.#changed()
      },
    }
  }

  /** Whether some device takes events of that kind. */
  takes(kind: InputKind): boolean {
    return this.#find(kind) !== undefined
  }

  /** Gives an event to the first device that takes it, or to none. */
  send(event: InputEvent): void {
    const entry = this.#find(event.type)
    if (entry === undefined) return
    entry.touched = true
    entry.handler.event(event)
  }

  /** What has been sent is complete: each device that has had some of it is told so. */
  sync(): void {
    for (const entry of this.#entries) {
      if (!entry.touched) continue
      entry.touched = false
      entry.handler.sync?.()
    }
  }

  /** The pointing devices as QEMU lists them: last the one that gets events, before it those that would follow. */
  mice(): MouseInfo[] {
    const mice = this.#entries.filter(({ handler }) => isMouse(handler))
    return mice
      .map(({ index, handler }, place) => ({
        name: handler.name,
        index,
        current: place === 0,
        absolute: isAbsolute(handler),
      }))
      .reverse()
  }

  /** Lets a pointing device take events before all others (HMP `mouse_set`). @returns the device, if there is one; unless it is a mouse nothing has changed */
  select(index: number): { readonly name: string; readonly mouse: boolean } | undefined {
    const entry = this.#entries.find((one) => one.index === index)
    if (entry === undefined) return undefined
    const mouse = isMouse(entry.handler)
    if (mouse) this.#activate(entry)
    return { name: entry.handler.name, mouse }
  }

  /** Whether the pointing device that gets events takes coordinates of the screen rather than movements. */
  get absolute(): boolean {
    const first = this.#entries.find(({ handler }) => isMouse(handler))
    return first !== undefined && isAbsolute(first.handler)
  }

  /** Calls `listener` when devices came, went, or changed places, and when lamps were lit or put out; the result ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #find(kind: InputKind): Entry | undefined {
    return this.#entries.find(({ handler }) => handler.takes.includes(kind))
  }

  #activate(entry: Entry): void {
    this.#entries = [entry, ...this.#entries.filter((other) => other !== entry)]
    this.#changed()
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}
