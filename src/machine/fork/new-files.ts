import { mkdir, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { reasonText, systemCode } from '../../errno/index.ts'
import { cannotFork } from './fork-options.ts'

/** Files and folders that are made for one purpose, and go again if nothing comes of it. */
export class NewFiles {
  readonly #undo: (() => Promise<void>)[] = []

  /** Makes a folder where it is not there yet; the one above it has to be there. @returns its path @throws {QmpError} if it cannot be had */
  async folder(path: string): Promise<string> {
    const folder = resolve(path)
    try {
      await mkdir(folder)
      this.#undo.push(() => rmdir(folder))
    } catch (error) {
      const there =
        systemCode(error) === 'EEXIST' && (await stat(folder).catch(() => undefined))?.isDirectory() === true
      if (!there) throw cannotFork(`Could not create '${path}': ${reasonText(error)}`)
    }
    return folder
  }

  /**
   * Makes an empty file that nobody has.
   *
   * @param pathOf - its path by a number; another one is asked for where a file is already
   * @throws {QmpError} if there can be no such file
   */
  async file(pathOf: (number: number) => string): Promise<string> {
    for (;;) {
      const path = pathOf(++files)
      try {
        await writeFile(path, '', { flag: 'wx' })
        this.#undo.push(() => rm(path, { force: true }))
        return path
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw cannotFork(`Could not create '${path}': ${reasonText(error)}`)
      }
    }
  }

  /** Deletes what was made here, but folders in which there is more: they go when this is called again without that. */
  async remove(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo().catch(() => this.#undo.unshift(undo))
  }
}

/** How many files were made in this process: they are called after it. */
let files = 0
