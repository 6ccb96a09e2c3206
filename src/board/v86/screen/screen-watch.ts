import type { PictureChanges } from '../../board.ts'

/** How long to wait before the next look, in milliseconds: at first, and at most, while nothing changes. */
const interval = { first: 4, last: 100, growth: 1.4 } as const

/**
 * Waits for the screen to change, for somebody in another thread: a look costs little here, and a call that comes back
 * with nothing would wake two threads for it. Looks become rarer while nothing changes, and frequent again when
 * somebody types.
 */
export class ScreenWatch {
  readonly #look: (serial: number) => PictureChanges
  /** Those who pause. */
  readonly #hurry = new Set<() => void>()

  /** @param look - what has changed since the state that `serial` names, now */
  constructor(look: (serial: number) => PictureChanges) {
    this.#look = look
  }

  /** What has changed since the state that `serial` names; if nothing has, what changes first within `patience` milliseconds. */
  async changes(serial: number, patience: number): Promise<PictureChanges> {
    const end = performance.now() + patience
    let pause: number = interval.first
    for (;;) {
      const changes = this.#look(serial)
      const left = end - performance.now()
      if (changes.rectangles.length > 0 || left <= 0) return changes
      const hurried = await this.#pause(Math.min(pause, left))
      pause = hurried ? interval.first : Math.min(pause * interval.growth, interval.last)
    }
  }

  /** Somebody has typed, or moved the mouse: something is likely to change soon. */
  hurry(): void {
    for (const hurry of this.#hurry) hurry()
  }

  /** @returns whether it has been cut short */
  #pause(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (hurried: boolean): void => {
        clearTimeout(timer)
        this.#hurry.delete(hurry)
        resolve(hurried)
      }
      const hurry = (): void => {
        clearTimeout(timer)
        timer = setTimeout(() => end(true), interval.first)
      }
      let timer = setTimeout(() => end(false), milliseconds)
      this.#hurry.add(hurry)
    })
  }
}
