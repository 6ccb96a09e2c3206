import { expiryOf } from '../display/index.ts'
import {
  bool,
  example,
  family,
  type Infer,
  list,
  nothing,
  oneOf,
  opt,
  QmpError,
  req,
  str,
  struct,
  union,
} from '../qapi/index.ts'
import type { SpiceServer } from '../spice-server/index.ts'
import { NetworkAddressFamily } from '../transport/index.ts'
import {
  authText,
  type VncAddress,
  VncClientInfo,
  type VncDisplays,
  VncPrimaryAuth,
  VncServerInfo2,
  VncVencryptSubAuth,
} from '../vnc/index.ts'
import { DisplayOptions } from './display-options.ts'
import { SocketAddress } from './socket-address.ts'
import { spiceInUse } from './spice.ts'

const command = family<{
  vncDisplays: VncDisplays
  spiceServer: SpiceServer | undefined
  displayOptions: Infer<typeof DisplayOptions>
}>()

const VncInfo = struct('VncInfo', {
  enabled: req(bool, 'whether there is a display that listens'),
  host: opt(str, 'the address that it listens at'),
  family: opt(NetworkAddressFamily, 'what kind of address it is'),
  service: opt(str, 'the port, as a text; of a unix socket, its path'),
  auth: opt(str, 'how clients have to prove who they are'),
  clients: opt(list(VncClientInfo), 'who is connected'),
})

const VncInfo2 = struct('VncInfo2', {
  id: req(str, 'name of the display'),
  server: req(list(VncServerInfo2), 'where it listens'),
  clients: req(list(VncClientInfo), 'who is connected'),
  auth: req(VncPrimaryAuth, 'how clients have to prove who they are'),
  vencrypt: opt(VncVencryptSubAuth, 'how they do it behind TLS'),
  display: opt(str, 'the display device that it shows'),
})

export const DisplayProtocol = oneOf('DisplayProtocol', ['vnc', 'spice'])
export const SetPasswordAction = oneOf('SetPasswordAction', ['keep', 'fail', 'disconnect'])
const display = { display: opt(str, 'name of the display (default: the first one)') }
const noPassword = 'GenericError, if there is no such display, or it was not started with password=on'

const SetPasswordOptions = union('SetPasswordOptions', {
  base: {
    protocol: req(DisplayProtocol, 'vnc or spice'),
    password: req(str, 'the new password'),
    connected: opt(
      SetPasswordAction,
      'what becomes of who is connected: with VNC, they stay; with SPICE they may go, or nothing is done if there are any',
    ),
  },
  discriminator: 'protocol',
  branches: { vnc: struct('SetPasswordOptionsVnc', display), spice: nothing },
  words: DisplayProtocol,
})

const ExpirePasswordOptions = union('ExpirePasswordOptions', {
  base: {
    protocol: req(DisplayProtocol, 'vnc or spice'),
    time: req(str, '`now`, `never`, seconds from now (`+60`), or seconds since 1970'),
  },
  discriminator: 'protocol',
  branches: { vnc: struct('ExpirePasswordOptionsVnc', display), spice: nothing },
  words: DisplayProtocol,
})

const DisplayReloadOptions = union('DisplayReloadOptions', {
  base: { type: req(oneOf('DisplayReloadType', ['vnc']), 'vnc') },
  discriminator: 'type',
  branches: {
    vnc: struct('DisplayReloadOptionsVNC', { 'tls-certs': opt(bool, 'whether to read certificates again') }),
  },
})

const DisplayUpdateOptions = union('DisplayUpdateOptions', {
  base: { type: req(oneOf('DisplayUpdateType', ['vnc']), 'vnc') },
  discriminator: 'type',
  branches: {
    vnc: struct('DisplayUpdateOptionsVNC', { addresses: opt(list(SocketAddress), 'where to listen instead') }),
  },
})

/** Displays that VNC viewers connect to. */
export const vncCommands = {
  'query-vnc': command({
    since: '0.14',
    doc: 'Tell of the first VNC display: where it listens, and who is connected.',
    args: {},
    returns: VncInfo,
    examples: [
      example(
        'a machine without one',
        `
        -> { "execute": "query-vnc" }
        <- { "return": { "enabled": false } }`,
        { options: '-nodefaults -display none' },
      ),
    ],
    run({ vncDisplays: { first } }) {
      const server = first?.server.at(-1)
      if (first === undefined || server === undefined) return { enabled: false }
      const { host, service, family } = server
      return { enabled: true, host, service, family, auth: authText(first), clients: [...first.clients] }
    },
  }),

  'query-vnc-servers': command({
    since: '2.3',
    doc: 'Tell of all VNC displays: where each listens, and who is connected.',
    args: {},
    returns: list(VncInfo2),
    examples: [
      example(
        'a display that listens nowhere',
        `
        -> { "execute": "query-vnc-servers" }
        <- { "return": [ { "auth": "none", "clients": [], "server": [], "id": "default" } ] }`,
        { options: '-nodefaults -display none -vnc none' },
      ),
    ],
    run: ({ vncDisplays }) =>
      vncDisplays
        .list()
        .map(({ server, clients, ...display }) => ({ ...display, server: [...server], clients: [...clients] })),
  }),

  set_password: command({
    since: '0.14',
    doc: 'Set the password that clients have to know. Who is connected already stays, unless it is otherwise wanted of SPICE.',
    args: SetPasswordOptions,
    returns: nothing,
    errors: [
      noPassword,
      'GenericError, if @connected is anything but keep, for VNC; or fail, and somebody is connected, for SPICE',
      'DeviceNotActive, for SPICE without `-spice`',
    ],
    examples: [
      example(
        'a display without passwords',
        `
        -> { "execute": "set_password", "arguments": { "protocol": "vnc", "password": "secret" } }
        <- { "error": { "class": "GenericError", "desc": "Could not set password" } }`,
        { options: '-nodefaults -display none -vnc none' },
      ),
    ],
    run({ vncDisplays, spiceServer }, args) {
      if (args.protocol === 'spice') {
        if (!spiceInUse(spiceServer).setPassword(args.password, args.connected ?? 'keep'))
          throw new QmpError('GenericError', 'Could not set password')
        return {}
      }
      if (args.connected !== undefined && args.connected !== 'keep')
        throw new QmpError('GenericError', "Invalid parameter 'connected'")
      vncDisplays.setPassword(args.password, 'display' in args ? args.display : undefined)
      return {}
    },
  }),

  expire_password: command({
    since: '0.14',
    doc: 'Say until when the password is taken. What is no time is 1970.',
    args: ExpirePasswordOptions,
    returns: nothing,
    errors: ['GenericError, if there is no such display', 'DeviceNotActive, for SPICE without `-spice`'],
    examples: [
      example(
        'for a minute',
        `
        -> { "execute": "expire_password", "arguments": { "protocol": "vnc", "time": "+60" } }
        <- { "return": {} }`,
        { options: '-nodefaults -display none -vnc none,password=on' },
      ),
    ],
    run({ vncDisplays, spiceServer }, args) {
      if (args.protocol === 'spice') {
        spiceInUse(spiceServer).expirePassword(expiryOf(args.time))
        return {}
      }
      vncDisplays.expirePassword(args.time, 'display' in args ? args.display : undefined)
      return {}
    },
  }),

  'change-vnc-password': command({
    since: '1.1',
    doc: 'Set the password of the first display. Who is connected already stays.',
    args: { password: req(str, 'the new password') },
    returns: nothing,
    errors: [noPassword],
    examples: [
      example(
        'a display with passwords',
        `
        -> { "execute": "change-vnc-password", "arguments": { "password": "secret" } }
        <- { "return": {} }`,
        { options: '-nodefaults -display none -vnc none,password=on' },
      ),
    ],
    run({ vncDisplays }, { password }) {
      vncDisplays.setPassword(password)
      return {}
    },
  }),

  'query-display-options': command({
    since: '3.1',
    doc: 'Tell what was said of windows that show the screen (-display): vmon has none.',
    args: {},
    returns: DisplayOptions,
    examples: [
      example(
        'no windows',
        `
        -> { "execute": "query-display-options" }
        <- { "return": { "type": "none" } }`,
        { options: '-nodefaults -display none' },
      ),
    ],
    run: ({ displayOptions }) => displayOptions,
  }),

  'display-reload': command({
    since: '6.0',
    doc: 'Read what a display has in files again.',
    args: DisplayReloadOptions,
    returns: nothing,
    errors: ['GenericError, if there is no display, or it has no certificates'],
    examples: [
      example(
        'a display without TLS',
        `
        -> { "execute": "display-reload", "arguments": { "type": "vnc", "tls-certs": true } }
        <- { "error": { "class": "GenericError", "desc": "vnc tls is not enabled" } }`,
        { options: '-nodefaults -display none -vnc none' },
      ),
    ],
    run({ vncDisplays }, args) {
      if (args['tls-certs'] === true) vncDisplays.firstDisplay().reloadCertificates()
      return {}
    },
  }),

  'display-update': command({
    since: '7.1',
    doc: 'Let the first display listen elsewhere. Who is connected already stays.',
    args: DisplayUpdateOptions,
    returns: nothing,
    errors: ['GenericError, if there is no display, or it cannot listen there: it listens nowhere then'],
    examples: [
      example(
        'nothing is changed',
        `
        -> { "execute": "display-update", "arguments": { "type": "vnc" } }
        <- { "return": {} }`,
        { options: '-nodefaults -display none -vnc none' },
      ),
    ],
    async run({ vncDisplays }, { addresses }) {
      const display = vncDisplays.firstDisplay()
      if (addresses !== undefined) await display.listenAt(addresses.map(addressOf))
      return {}
    },
  }),
}

function addressOf(address: Infer<typeof SocketAddress>): VncAddress {
  if (address.type === 'unix') return { type: 'unix', path: address.path }
  if (address.type !== 'inet')
    throw new QmpError('GenericError', `vmon does not listen at addresses of type ${address.type}`)
  const { host, port, to, ipv4, ipv6 } = address
  return {
    type: 'inet',
    host,
    port,
    ...(to !== undefined && { to }),
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
  }
}
