import { type NetdevOptions, NetError, NetSet } from '../../net/index.ts'
import { ConfigError } from '../config-error.ts'
import type { Start } from './start.ts'

/** Back ends of the network, in the order in which they were asked for; no card is there yet. */
export async function networks({ config, scope }: Start): Promise<{ readonly networks: NetSet }> {
  const set = scope.own(new NetSet())
  for (const { options, origin } of config.netdevs) await add(set, options, origin)
  return { networks: set }
}

async function add(set: NetSet, options: NetdevOptions, origin: string | undefined): Promise<void> {
  try {
    await set.add(options)
  } catch (error) {
    if (error instanceof NetError) throw ConfigError.at(origin, error.message, error)
    throw error
  }
}
