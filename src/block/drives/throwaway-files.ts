import { rm } from 'node:fs/promises'

/** How many in this process still need each file that nobody keeps. */
const users = new Map<string, number>()

/** Whether a file goes when nobody in this process needs it any more. */
export function isThrowaway(filename: string): boolean {
  return users.has(filename)
}

/**
 * Needs a file that nobody keeps, which is one from the first time on.
 *
 * @returns ends that: the last one removes the file
 */
export function useThrowaway(filename: string): () => Promise<void> {
  users.set(filename, (users.get(filename) ?? 0) + 1)
  let used = true
  return async () => {
    if (!used) return
    used = false
    const others = users.get(filename)! - 1
    if (others > 0) users.set(filename, others)
    else {
      users.delete(filename)
      await rm(filename, { force: true })
    }
  }
}
