import type { ChardevSet } from '../../chardev/index.ts'
import type { EventHub } from '../../monitor/index.ts'
import { NetError, NetSet, type PolicyDecision } from '../../net/index.ts'
import type { UserObjects } from '../../objects/index.ts'
import { ConfigError } from '../config-error.ts'
import { openForwardDevice } from '../forward-device.ts'
import { GuestRouser } from '../guest-rouser.ts'
import type { NetdevConfig } from '../settings/networks.ts'
import { asked, nobody, type Start } from './start.ts'
import { isFilter } from './user-objects.ts'

interface Needs extends Start {
  readonly chardevs: ChardevSet
  readonly events: EventHub
  readonly userObjects: UserObjects
  readonly foundNetworks: (networks: NetSet) => void
}

/** Back ends of the network, in the order in which they were asked for, and filters in them; no card is there yet. */
export async function networks({
  config,
  scope,
  log,
  chardevs,
  events,
  signal,
  userObjects,
  foundNetworks,
}: Needs): Promise<{ readonly networks: NetSet; readonly guestRouser: GuestRouser }> {
  const guestRouser = new GuestRouser(log)
  const set = scope.own(
    new NetSet({
      openDevice: (target, label) => openForwardDevice(chardevs, { target, label, signal }),
      streamChanged: (id, addr) => {
        if (addr === undefined) events.emit('NETDEV_STREAM_DISCONNECTED', { 'netdev-id': id })
        else events.emit('NETDEV_STREAM_CONNECTED', { 'netdev-id': id, addr })
      },
      wake: (id) => guestRouser.arrived(id),
      policyDecided: (id, decision, suppressed) => {
        const data = { 'netdev-id': id, ...said(decision), suppressed }
        log.log('net', 'policy', data)
        events.emit('__org.vmon_NETDEV_POLICY', data)
      },
    }),
  )
  for (const netdev of config.netdevs) await add(set, netdev)
  foundNetworks(set)
  for (const words of config.objects.filter(isFilter)) await asked(nobody, userObjects.add(words))
  return { networks: set, guestRouser }
}

/** What is known of a decision. */
function said(decision: PolicyDecision): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(decision).filter(([, value]) => value !== undefined))
}

async function add(set: NetSet, { options, origin, stays = false }: NetdevConfig): Promise<void> {
  try {
    await set.add(options, { stays })
  } catch (error) {
    if (error instanceof NetError) throw ConfigError.at(origin, error.message, error)
    throw error
  }
}
