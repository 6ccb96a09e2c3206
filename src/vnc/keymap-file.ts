import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Keymap, KeymapError, keymapOf, usualKeymap } from './keymap.ts'

/** Where QEMU's packages put keymaps. */
const usualFolder = '/usr/share/qemu'
/** What is known without a file. */
const usualName = 'en-us'

/**
 * The keymap of a language, by its name (`de`) or a file.
 *
 * @param folders - looked into before the usual one
 * @throws {KeymapError} if there is none
 */
export function readKeymap(name: string | undefined, folders: readonly string[]): Keymap {
  if (name === undefined) return usualKeymap()
  const read = (wanted: string): string => {
    for (const path of [wanted, ...[...folders, usualFolder].map((folder) => join(folder, 'keymaps', wanted))]) {
      try {
        return readFileSync(path, 'utf8')
      } catch {} // it may be in the next folder
    }
    throw new KeymapError(`could not read keymap file: '${wanted}'`)
  }
  try {
    return keymapOf(read(name), read)
  } catch (error) {
    if (name === usualName && error instanceof KeymapError) return usualKeymap()
    throw error
  }
}
