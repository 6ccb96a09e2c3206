import { BitmapChange, type BitmapStep } from './bitmap-change.ts'
import type { DriveSet } from './drive-set.ts'
import { type BitmapName, findBitmap } from './named-bitmaps.ts'

/** Dirty bitmaps as commands name them. Errors are in QEMU's words. */
export class BitmapControl {
  readonly #drives: DriveSet

  constructor(drives: DriveSet) {
    this.#drives = drives
  }

  /** Does one thing with bitmaps. @throws {BlockError} */
  run(step: BitmapStep): Promise<void> {
    return this.#drives.exclusively(async () => {
      const change = new BitmapChange(this.#drives, step)
      await change.prepare()
      await change.commit()
    })
  }

  /** SHA-256 of a bitmap's bits, for tests. @throws {BlockError} */
  sha256(name: BitmapName): string {
    return findBitmap(this.#drives, name).bitmap.sha256()
  }
}
