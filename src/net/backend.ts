import type { NetClient } from './net-client.ts'
import { NetError } from './net-error.ts'
import type { NetdevOptions } from './netdev-options.ts'
import { forwardText, parseForward } from './user/forward-rule.ts'
import { formatIpv4 } from './user/ipv4-address.ts'
import { userNetConfig } from './user/user-config.ts'
import { UserNet } from './user/user-net.ts'

/** What stands behind a client that is no card. */
export interface NetBackend {
  /** A network of our own, for those who ask about it. */
  readonly user?: UserNet
  close(): void
}

/** Makes what stands behind a client, and joins it. */
export type OpenBackend<Options> = (client: NetClient, options: Options) => Promise<NetBackend>

type OptionsOf<Type extends NetdevOptions['type']> = Extract<NetdevOptions, { readonly type: Type }>

/** @throws {NetError} kind `refused`, in QEMU's words, if it cannot be had */
export const openUser: OpenBackend<OptionsOf<'user'>> = async (client, options) => {
  const config = userNetConfig(options)
  // QEMU looks at what was said last first.
  const rules = (options.hostfwd ?? []).map(({ str }) => parseForward(str)).reverse()
  const user = new UserNet(config, client)
  client.end = user
  client.info = () => `net=${formatIpv4(config.network)},restrict=${config.restrict ? 'on' : 'off'}`
  for (const rule of rules)
    try {
      await user.forward(rule)
    } catch (error) {
      user.close()
      throw new NetError('refused', `Could not set up host forwarding rule '${forwardText(rule)}'`, error)
    }
  return { user, close: () => user.close() }
}
