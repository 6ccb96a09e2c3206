import { bool, example, family, int, list, oneOf, opt, req, str, struct } from '../qapi/index.ts'
import { NetworkAddressFamily } from '../transport/index.ts'

const command = family<{}>()

const SpiceChannel = struct('SpiceChannel', {
  host: req(str, 'address of the client'),
  port: req(str, 'its port'),
  family: req(NetworkAddressFamily, 'kind of the address'),
  'connection-id': req(int, 'what the channels of one client have in common'),
  'channel-type': req(int, 'kind of channel'),
  'channel-id': req(int, 'its number'),
  tls: req(bool, 'whether it is encrypted'),
})

const SpiceInfo = struct('SpiceInfo', {
  enabled: req(bool, 'whether there is a SPICE server: there is none'),
  migrated: req(bool, 'whether clients have gone to another machine with this one'),
  host: opt(str, 'where it listens'),
  port: opt(int, 'its port'),
  'tls-port': opt(int, 'its port for TLS'),
  auth: opt(str, 'how clients prove who they are'),
  'compiled-version': opt(str, 'version of its library'),
  'mouse-mode': req(oneOf('SpiceQueryMouseMode', ['client', 'server', 'unknown']), 'who moves the pointer'),
  channels: opt(list(SpiceChannel), 'channels of its clients'),
})

/** SPICE, which is not there. */
export const spiceCommands = {
  'query-spice': command({
    since: '0.14',
    doc: 'Tell of the SPICE server: there is none, as on a machine that was started without `-spice`.',
    args: {},
    returns: SpiceInfo,
    examples: [
      example(
        'there is none',
        `
        -> { "execute": "query-spice" }
        <- { "return": { "migrated": false, "enabled": false, "mouse-mode": "client" } }`,
      ),
    ],
    run: () => ({ enabled: false, migrated: false, 'mouse-mode': 'client' as const }),
  }),
}
