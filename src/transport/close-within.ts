import { deadline, untilAborted } from '../async/index.ts'
import type { Duplex } from './duplex.ts'

/** Closes a stream; a peer that does not read what was said last is waited for so long, in milliseconds. */
export async function closeWithin(duplex: Duplex, patience: number): Promise<void> {
  const { signal, clear } = deadline(patience)
  await untilAborted(duplex.close(), signal).catch(() => duplex.destroy())
  clear()
  await duplex.closed
}
