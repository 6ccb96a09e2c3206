import type { NetClient } from './net-client.ts'
import { NetError } from './net-error.ts'
import type { NetdevOptions } from './netdev-options.ts'
import { CommandStream } from './user/command-stream.ts'
import { forwardText, parseForward } from './user/forward-rule.ts'
import {
  type GuestForward,
  type GuestForwardRule,
  type OpenForwardDevice,
  parseGuestForward,
} from './user/guest-forward.ts'
import { formatIpv4 } from './user/ipv4-address.ts'
import type { DecisionListener } from './user/policy/decision-teller.ts'
import { readPolicy } from './user/policy/read-policy.ts'
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

export interface UserBackendSurroundings {
  readonly openDevice: OpenForwardDevice
  /** Hears what its policy says of connections. */
  readonly decided: DecisionListener
  /** The guest is to run. */
  readonly wake: () => void
}

/** @throws {NetError} kind `refused`, in QEMU's words, if it cannot be had */
export async function openUser(
  client: NetClient,
  options: OptionsOf<'user'>,
  { openDevice, decided, wake }: UserBackendSurroundings,
): Promise<NetBackend> {
  const policy = options.policy === undefined ? undefined : readPolicy(options.policy)
  const config = { ...userNetConfig(options), policy }
  // QEMU looks at what was said last first.
  const rules = (options.hostfwd ?? []).map(({ str }) => parseForward(str)).reverse()
  const guestRules = (options.guestfwd ?? []).map(({ str }) => parseGuestForward(str, config)).reverse()
  const user = new UserNet(config, client, { decided, ...(options.wake === true && { arrived: wake }) })
  client.end = user
  client.info = () => `net=${formatIpv4(config.network)},restrict=${config.restrict ? 'on' : 'off'}`
  for (const rule of rules)
    try {
      await user.forward(rule)
    } catch (error) {
      user.close()
      throw new NetError('refused', `Could not set up host forwarding rule '${forwardText(rule)}'`, error)
    }
  try {
    for (const rule of guestRules) user.forwardGuest(await guestForward(rule, openDevice))
  } catch (error) {
    user.close()
    throw error
  }
  return { user, close: () => user.close() }
}

/** Programs that a guest can let run at once by one rule. */
const mostPrograms = 64

/** @throws {NetError} kind `refused`, in QEMU's words, if the device cannot be had */
async function guestForward(
  { address, port, target }: GuestForwardRule,
  openDevice: OpenForwardDevice,
): Promise<GuestForward> {
  if (target.startsWith('cmd:')) {
    const line = target.slice('cmd:'.length)
    let running = 0
    const open = (): CommandStream | undefined => {
      if (running === mostPrograms) return undefined
      running++
      return new CommandStream(line).once('close', () => running--)
    }
    return { address, port, isDevice: false, open, close: () => undefined }
  }
  const device = await openDevice(target, `guestfwd.tcp.${port}`)
  return { address, port, isDevice: true, open: () => device.connection(), close: () => device.close() }
}
