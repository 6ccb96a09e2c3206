import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'

/** How many in this process still need each file that nobody keeps, by its absolute path. */
const users = new Map<string, number>()

/** Whether a file goes when nobody in this process needs it any more. */
export function isThrowaway(filename: string): boolean {
  return users.has(resolve(filename))
}

/**
 * Needs a file that nobody keeps, which is one from the first time on.
 *
 * @returns ends that: the last one removes the file
 */
export function useThrowaway(filename: string): () => Promise<void> {
  const path = resolve(filename)
  users.set(path, (users.get(path) ?? 0) + 1)
  let used = true
  return async () => {
    if (!used) return
    used = false
    const others = users.get(path)! - 1
    if (others > 0) users.set(path, others)
    else {
      users.delete(path)
      await rm(path, { force: true })
    }
  }
}
