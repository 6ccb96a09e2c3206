import { changing } from '../bitmaps/index.ts'
import type { DriveSet } from './drive-set.ts'
import type { GraphChange } from './graph-change.ts'
import {
  addBitmap,
  type BitmapMerge,
  type BitmapName,
  findBitmap,
  mergeBitmaps,
  switchBitmap,
  type WantedBitmap,
} from './named-bitmaps.ts'

/** What can be done with dirty bitmaps, by itself or in a transaction; the names are the commands'. */
export type BitmapStep =
  | { readonly type: 'block-dirty-bitmap-add'; readonly target: WantedBitmap }
  | { readonly type: 'block-dirty-bitmap-merge'; readonly target: BitmapMerge }
  | {
      readonly type: `block-dirty-bitmap-${'remove' | 'clear' | 'enable' | 'disable'}`
      readonly target: BitmapName
    }

/** What a step has done: how it is taken back, and what is left to do if it is not. */
interface Done {
  undo(): Promise<void> | void
  commit?(): void
}

/** A change of a dirty bitmap. */
export class BitmapChange implements GraphChange {
  readonly name: BitmapStep['type']
  readonly #drives: DriveSet
  readonly #step: BitmapStep
  #done: Done | undefined

  constructor(drives: DriveSet, step: BitmapStep) {
    this.name = step.type
    this.#drives = drives
    this.#step = step
  }

  async prepare(): Promise<void> {
    this.#done = await take(this.#drives, this.#step)
  }

  async abort(): Promise<void> {
    await this.#done?.undo()
  }

  async commit(): Promise<void> {
    this.#done?.commit?.()
  }

  async finish(): Promise<void> {
    this.#done = undefined
  }
}

async function take(drives: DriveSet, step: BitmapStep): Promise<Done> {
  switch (step.type) {
    case 'block-dirty-bitmap-add': {
      const { image, bitmap } = await addBitmap(drives, step.target)
      return { undo: () => image.bitmaps.drop(bitmap) }
    }
    case 'block-dirty-bitmap-remove':
      return remove(drives, step.target)
    case 'block-dirty-bitmap-clear': {
      const { bitmap } = findBitmap(drives, step.target)
      bitmap.check(changing)
      const before = bitmap.clear()
      return { undo: () => bitmap.restore(before) }
    }
    case 'block-dirty-bitmap-enable':
      return { undo: switchBitmap(drives, step.target, true) }
    case 'block-dirty-bitmap-disable':
      return { undo: switchBitmap(drives, step.target, false) }
    case 'block-dirty-bitmap-merge':
      return { undo: mergeBitmaps(drives, step.target) }
  }
}

/** From the image it is gone at once; in memory it stays until nothing can take that back. */
async function remove(drives: DriveSet, name: BitmapName): Promise<Done> {
  const { image, bitmap } = findBitmap(drives, name)
  await image.bitmaps.unkeep(bitmap)
  const set = (leaving: boolean): void => {
    bitmap.become('busy', leaving)
    bitmap.leaving = leaving
  }
  set(true)
  return {
    undo: () => set(false),
    commit: () => image.bitmaps.drop(bitmap),
  }
}
