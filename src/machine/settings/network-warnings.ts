import type { PlannedDevice } from '../../devices/index.ts'
import type { CardWish } from './cards.ts'
import type { NetdevConfig } from './networks.ts'

interface Networks {
  readonly netdevs: readonly NetdevConfig[]
  /** Cards that were asked for as the machine's own, and those of them that are there. */
  readonly wishes: readonly CardWish[]
  readonly cards: readonly PlannedDevice[]
  readonly devices: readonly PlannedDevice[]
}

/** What leads nowhere, in QEMU's words: hubs, back ends and cards. */
export function networkWarnings({ netdevs, wishes, cards, devices }: Networks): readonly string[] {
  const nics = [...cards, ...devices].filter(({ properties }) => properties['mac'] !== undefined)
  const ofCards = new Set(nics.map(({ properties }) => properties['netdev']))
  const ports = netdevs.flatMap(({ options }) => (options.type === 'hubport' ? [options] : []))
  const ofPorts = new Set(ports.map(({ netdev }) => netdev))
  const hasPeer = (id: string, netdev?: string): boolean => netdev !== undefined || ofCards.has(id) || ofPorts.has(id)
  const warnings: string[] = []
  for (const hub of new Set(ports.map(({ hubid }) => hubid).reverse())) {
    const own = ports.filter(({ hubid }) => hubid === hub).reverse()
    for (const { id, netdev } of own) if (!hasPeer(id, netdev)) warnings.push(`hub port ${id} has no peer`)
    const hasCard = own.some(({ id }) => ofCards.has(id))
    const hasHost = own.some(({ netdev }) => netdev !== undefined)
    if (hasCard && !hasHost) warnings.push(`hub ${hub} is not connected to host network`)
    if (hasHost && !hasCard) warnings.push(`hub ${hub} with no nics`)
  }
  for (const { options } of netdevs)
    if (!hasPeer(options.id, options.type === 'hubport' ? options.netdev : undefined))
      warnings.push(`netdev ${options.id} has no peer`)
  const unnamed: Record<string, number> = {}
  for (const { id, model, properties } of nics) {
    const name = id ?? `${model}.${(unnamed[model] = (unnamed[model] ?? -1) + 1)}`
    if ((properties['netdev'] ?? '') === '') warnings.push(`nic ${name} has no peer`)
  }
  for (const { name = 'anonymous', model = 'unspecified' } of wishes.slice(cards.length))
    warnings.push(`requested NIC (${name}, model ${model}) was not created (not supported by this machine?)`)
  return warnings
}
