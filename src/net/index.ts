/**
 * Networks on the host's side: the wire between a card and what is behind it, and back ends by QEMU's names and options,
 * among them a whole small network of our own (`user/`). Knows nothing of cards, only of who takes frames and who sends.
 */
export type { FrameTap, FrameWay } from './frame-tap.ts'
export { MacAddresses } from './mac-addresses.ts'
export type { NetClient } from './net-client.ts'
export type { NetEnd, NetLine } from './net-end.ts'
export { NetError, type NetErrorKind } from './net-error.ts'
export { type CardWish, NetSet } from './net-set.ts'
export type { NetdevOptions } from './netdev-options.ts'
export { PcapFile } from './pcap-file.ts'
export type { RxFilter, RxState } from './rx-filter.ts'
export {
  type ComeConnection,
  type LeftConnections,
  TravellingConnections,
} from './travelling-connections.ts'
export { parseForward, parseForwardEnd } from './user/forward-rule.ts'
export type { ForwardDevice, OpenForwardDevice } from './user/guest-forward.ts'
export type { HostForward } from './user/host-forward.ts'
export { formatIp, type IpAddress } from './user/ip-address.ts'
export type { PolicyDecision } from './user/policy/decision-teller.ts'
export { NetworkPolicy, NetworkPolicyAction, NetworkPolicyProtocol } from './user/policy/policy-format.ts'
export { userNetConfig } from './user/user-config.ts'
export { UserNet, type UserNetConfig } from './user/user-net.ts'
export { Wire, type WireEnd } from './wire.ts'
