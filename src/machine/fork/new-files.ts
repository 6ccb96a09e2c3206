import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { reasonText, systemCode } from '../../errno/index.ts'
import { cannotFork } from './fork-options.ts'

/** Files and folders that are made for one purpose, and go again if nothing comes of it. */
export class NewFiles {
  readonly #undo: (() => Promise<void>)[] = []

  /** Makes a folder, with those above it, where it is not there yet. @returns its path @throws {QmpError} if it cannot be had */
  async folder(path: string): Promise<string> {
    const folder = resolve(path)
    const first = await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw cannotFork(`Could not create '${path}': ${reasonText(error)}`)
    })
    if (first === undefined) return folder
    const made: string[] = []
    for (let each = folder; each.length >= first.length; each = dirname(each)) made.push(each)
    for (const each of made.reverse()) this.#undo.push(() => rmdir(each))
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
