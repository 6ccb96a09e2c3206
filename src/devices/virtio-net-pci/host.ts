import type { HostSide } from '../model.ts'
import { cardHost } from '../nic/host.ts'
import { parseMac } from '../nic/mac-address.ts'
import { ReceiveFilter } from './filter.ts'

/** What stands behind any card; this one tells which frames it takes. */
export const host: HostSide = (surroundings) => {
  const mac = parseMac(String(surroundings.properties['mac']))
  return cardHost(surroundings, mac && new ReceiveFilter(mac).told(false))
}
