import type { QmpClient } from '../../src/client/index.ts'
import { chordsOf } from '../../src/input/index.ts'

/** Four hundred letters, digits and signs, no two neighbours alike, so that what is lost or exchanged is seen. */
export const longText = Array.from(
  { length: 400 },
  (_, index) => 'The5quick,brown-Fox.jumps7Over_it'[(index * 7) % 33],
).join('')

/** Has a text typed by `send-key`, all of it at once. */
export async function sendKeys(qmp: QmpClient, text: string): Promise<void> {
  const requests = chordsOf(text).map((chord) => {
    const keys = chord.map((data) => ({ type: 'qcode' as const, data }))
    return qmp.execute('send-key', { keys, 'hold-time': 1 })
  })
  await Promise.all(requests)
}
