import { either, type Infer, int, list, oneOf, opt, req, str, struct } from '../../../qapi/index.ts'

/** What may happen to a connection. */
export const NetworkPolicyAction = oneOf('NetworkPolicyAction', ['allow', 'deny', 'redirect'])

/** What a policy tells apart. */
export const NetworkPolicyProtocol = oneOf('NetworkPolicyProtocol', ['tcp', 'udp'])

const PolicyTexts = either('NetworkPolicyTexts', { string: str, array: list(str) })

const PolicyPort = either('NetworkPolicyPort', { integer: int, string: str })

const PolicyPorts = either('NetworkPolicyPorts', { integer: int, string: str, array: list(PolicyPort) })

const PolicyRule = struct('NetworkPolicyRule', {
  action: req(NetworkPolicyAction, 'what happens to a connection that fits'),
  protocol: opt(NetworkPolicyProtocol, 'of which protocol it is; of either, if absent'),
  address: opt(
    PolicyTexts,
    'where it goes to: an address (`192.0.2.1`), a network (`192.0.2.0/24`, `2001:db8::/32`), `host` (this host) or `dns` (the name server)',
  ),
  name: opt(
    PolicyTexts,
    'a name for which the name server has told the guest that address: `www.example.org`, or `*.example.org` for all below it',
  ),
  port: opt(PolicyPorts, 'its port: 443, or `8000-8999`'),
  to: opt(str, 'where it goes instead (`redirect`): `127.0.0.1:8080`, `[::1]:8080`, as the host reaches it'),
  comment: opt(str, 'for readers'),
})

/** Which connections a guest may open: the first rule that fits decides. */
export const NetworkPolicy = struct('NetworkPolicy', {
  default: req(oneOf('NetworkPolicyDefault', ['allow', 'deny']), 'what happens where no rule fits'),
  rules: req(list(PolicyRule), 'the rules, in order'),
})

/** Which connections a guest may open, as it is written. */
export type NetworkPolicy = Infer<typeof NetworkPolicy>
export type NetworkPolicyRule = NetworkPolicy['rules'][number]
