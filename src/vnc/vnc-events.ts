import { bool, event, type Infer, oneOf, opt, req, str, struct } from '../qapi/index.ts'
import { NetworkAddressFamily } from '../transport/index.ts'

/** An end of a connection. */
const ends = {
  host: req(str, 'the address'),
  service: req(str, 'the port, as a text; of a unix socket, its path'),
  family: req(NetworkAddressFamily, 'what kind of address it is'),
  websocket: req(bool, 'whether it is for browsers'),
}

export const VncPrimaryAuth = oneOf('VncPrimaryAuth', [
  ...(['none', 'vnc', 'ra2', 'ra2ne', 'tight', 'ultra', 'tls', 'vencrypt', 'sasl'] as const),
])
export const VncVencryptSubAuth = oneOf('VncVencryptSubAuth', [
  ...(['plain', 'tls-none', 'x509-none', 'tls-vnc', 'x509-vnc', 'tls-plain', 'x509-plain'] as const),
  ...(['tls-sasl', 'x509-sasl'] as const),
])

const VncServerInfo = struct('VncServerInfo', { ...ends, auth: opt(str, 'how clients have to prove who they are') })
export const VncServerInfo2 = struct('VncServerInfo2', {
  ...ends,
  auth: req(VncPrimaryAuth, 'how clients have to prove who they are'),
  vencrypt: opt(VncVencryptSubAuth, 'how they do it behind TLS'),
})
export const VncBasicInfo = struct('VncBasicInfo', ends)
export const VncClientInfo = struct('VncClientInfo', {
  ...ends,
  x509_dname: opt(str, "the name in the client's certificate"),
  sasl_username: opt(str, 'the name that SASL has found out'),
})

export type VncEnd = Infer<typeof VncBasicInfo>
export type VncServerEnd = Infer<typeof VncServerInfo2>
export type VncClientEnd = Infer<typeof VncClientInfo>

/** How viewers have to prove who they are; behind TLS, `vencrypt` says how. */
export interface VncAuth {
  readonly auth: Infer<typeof VncPrimaryAuth>
  readonly vencrypt?: Infer<typeof VncVencryptSubAuth>
}

/** Both in one word: `vencrypt+x509+vnc`. */
export function authText({ auth, vencrypt }: VncAuth): string {
  return vencrypt === undefined ? auth : `${auth}+${vencrypt.replace('-', '+')}`
}

/** Where a client has connected to, as events tell it. */
export type VncEventServer = Infer<typeof VncServerInfo>

const server = req(VncServerInfo, 'where the client has connected to')
const timestamp = '"timestamp": { "seconds": 1262976601, "microseconds": 975795 }'
const example = (name: string): string =>
  `{ "event": "${name}", "data": { "server": { "auth": "none", "family": "ipv4", "service": "5901", "host": "127.0.0.1", "websocket": false }, "client": { "family": "ipv4", "service": "58425", "host": "127.0.0.1", "websocket": false } }, ${timestamp} }`

/** Events of VNC: declared here because this room emits them. */
export const vncEvents = {
  VNC_CONNECTED: event({
    since: '0.13',
    doc: 'A VNC client has connected; it has not proved yet who it is.',
    data: { server, client: req(VncBasicInfo, 'where it has connected from') },
    examples: [example('VNC_CONNECTED')],
  }),
  VNC_INITIALIZED: event({
    since: '0.13',
    doc: 'A VNC client has proved who it is, and is shown the screen.',
    data: { server, client: req(VncClientInfo, 'the client') },
    examples: [example('VNC_INITIALIZED')],
  }),
  VNC_DISCONNECTED: event({
    since: '0.13',
    doc: 'A VNC client has gone, or was sent away.',
    data: { server, client: req(VncClientInfo, 'the client') },
    examples: [example('VNC_DISCONNECTED')],
  }),
}
