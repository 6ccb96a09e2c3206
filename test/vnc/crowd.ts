import { setTimeout as pass } from 'node:timers/promises'
import { ReadingViewer } from './reading-viewer.ts'
import { showsKey } from './text-guest.ts'

/** Bytes a second that a slow viewer reads. */
const slow = 50_000
const quick = 18

/** Twenty viewers of a guest's screen: eighteen that read, one that reads slowly, and one that never does and asks on. */
export class Crowd implements Disposable {
  readonly #viewers: ReadingViewer[] = []
  /** Who of the quick ones has not seen the cell change yet, and what to do when nobody is left. */
  #unaware = new Set<number>()
  #allAware: () => void = () => undefined

  /** @param path - of the display's socket */
  static async gather(path: string): Promise<Crowd> {
    const crowd = new Crowd()
    for (let index = 0; index < quick; index++) {
      const viewer = await ReadingViewer.open({ path, seen: (area) => showsKey(area) && crowd.#sees(index) })
      crowd.#viewers.push(viewer)
    }
    for (const rate of [slow, 0]) crowd.#viewers.push(await ReadingViewer.open({ path, rate }))
    return crowd
  }

  [Symbol.dispose](): void {
    for (const viewer of this.#viewers) viewer.close()
  }

  /** Waits until every viewer that reads has been sent so many pictures more. */
  async pictures(count: number): Promise<void> {
    const all = this.#viewers.slice(0, quick)
    const wanted = all.map(({ updates }) => updates + count)
    while (!all.every(({ updates }, index) => updates >= wanted[index]!)) await pass(10)
  }

  /** Presses a key that changes a cell of the picture. @returns when every viewer that reads has seen it, in milliseconds */
  async press(): Promise<number> {
    this.#unaware = new Set(Array.from({ length: quick }, (_, index) => index))
    const aware = new Promise<void>((resolve) => {
      this.#allAware = resolve
    })
    const begin = performance.now()
    this.#viewers[0]!.key(0x61)
    await aware
    const time = performance.now() - begin
    // The last one of them asks for the next picture.
    await pass(0)
    return time
  }

  #sees(index: number): void {
    this.#unaware.delete(index)
    if (this.#unaware.size === 0) this.#allAware()
  }
}
