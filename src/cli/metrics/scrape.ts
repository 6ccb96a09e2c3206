import { connectQmp, tcpPlace } from '../../embedding/index.ts'
import { reasonText } from '../../errno/index.ts'
import { threadSeconds } from '../machines/thread-time.ts'
import type { Family, Labels } from './exposition.ts'
import { machineMetrics } from './machine-metrics.ts'

/** How long a machine may take to answer: less than Prometheus waits for a scrape. */
const patienceMs = 5000

/**
 * Asks a machine for everything, over a connection of its own: many servers take one client at a time. A machine that
 * cannot be asked is down.
 *
 * @param missed - hears why
 */
export async function scrape(address: string, missed?: (reason: string) => void): Promise<Family[]> {
  const begin = performance.now()
  const signal = AbortSignal.timeout(patienceMs)
  let labels: Labels = { address }
  let metrics: readonly Family[] = []
  let up = 0
  try {
    await using client = await connectQmp(address, { signal })
    const ask = (command: string): Promise<unknown> => client.executeAny(command, undefined, { signal })
    const { name } = (await ask('query-name')) as { readonly name?: string }
    labels = { ...labels, name: name ?? '' }
    metrics = await machineMetrics(ask, tcpPlace(address) === undefined ? threadSeconds : async () => undefined, labels)
    up = 1
  } catch (error) {
    missed?.(signal.aborted ? 'no answer' : reasonText(error))
    labels = { ...labels, name: '' }
  }
  const gauge = (name: string, help: string, value: number): Family => ({
    name,
    type: 'gauge',
    help,
    points: [{ labels, value }],
  })
  return [
    gauge('vmon_up', 'Whether the machine has answered', up),
    gauge('vmon_scrape_seconds', 'How long the machine took to answer', (performance.now() - begin) / 1000),
    ...metrics,
  ]
}
