import { readFile } from 'node:fs/promises'

/** The kernel counts in hundredths of a second, whatever it counts in itself. */
const ticksPerSecond = 100

/** Seconds that a thread of this host has run; undefined if there is none of that number, or no /proc. */
export async function threadSeconds(id: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${id}/task/${id}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  // The second field is a name in parentheses, which may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [user, system] = [Number(fields[11]), Number(fields[12])]
  return (user + system) / ticksPerSecond
}
