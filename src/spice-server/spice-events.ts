import { bool, event, type Infer, int, opt, req, str, struct } from '../qapi/index.ts'
import { type Address, addressText, NetworkAddressFamily } from '../transport/index.ts'

/** An end of a connection. */
const ends = {
  host: req(str, 'the address'),
  port: req(str, 'the port, as a text; of a unix socket, its path'),
  family: req(NetworkAddressFamily, 'what kind of address it is'),
}

const SpiceBasicInfo = struct('SpiceBasicInfo', ends)
const SpiceServerInfo = struct('SpiceServerInfo', { ...ends, auth: opt(str, 'how clients prove who they are') })
export const SpiceChannel = struct('SpiceChannel', {
  ...ends,
  'connection-id': req(int, 'what the channels of one client have in common'),
  'channel-type': req(int, 'kind of channel: 1 main, 2 display, 3 inputs, 4 cursor'),
  'channel-id': req(int, 'its number among those of its kind'),
  tls: req(bool, 'whether it is encrypted'),
})

export type SpiceEnd = Infer<typeof SpiceBasicInfo>
export type SpiceChannelInfo = Infer<typeof SpiceChannel>

/** An end of a connection as the wire shows it. */
export function spiceEnd(address: Address | undefined): SpiceEnd {
  const { host, service, family } = addressText(address)
  return { host: family === 'unix' ? 'localhost' : host, port: service, family }
}

const timestamp = '"timestamp": { "seconds": 1290688046, "microseconds": 388707 }'
const ipv4 = (host: string, port: number, more = ''): string =>
  `{ "port": "${port}", "family": "ipv4", "host": "${host}"${more} }`
const server = req(SpiceBasicInfo, 'where the client has connected to')
const client = req(SpiceBasicInfo, 'where it has connected from')
const ended = `"server": ${ipv4('127.0.0.1', 5920)}, "client": ${ipv4('127.0.0.1', 52873)}`
const channel = ', "channel-type": 4, "connection-id": 1804289383, "channel-id": 0, "tls": true'

/** Events of SPICE: declared here because this room emits them. */
export const spiceEvents = {
  SPICE_CONNECTED: event({
    since: '0.14',
    doc: 'A SPICE client has opened a connection; it has not proved yet who it is.',
    data: { server, client },
    examples: [`{ "event": "SPICE_CONNECTED", "data": { ${ended} }, ${timestamp} }`],
  }),
  SPICE_INITIALIZED: event({
    since: '0.14',
    doc: 'A SPICE client has proved who it is, and a channel is open.',
    data: {
      server: req(SpiceServerInfo, 'where the client has connected to'),
      client: req(SpiceChannel, 'the channel'),
    },
    examples: [
      `{ "event": "SPICE_INITIALIZED", "data": { "server": ${ipv4('127.0.0.1', 5921, ', "auth": "spice"')}, "client": ${ipv4('127.0.0.1', 49004, channel)} }, ${timestamp} }`,
    ],
  }),
  SPICE_DISCONNECTED: event({
    since: '0.14',
    doc: 'A connection of a SPICE client is closed.',
    data: { server, client },
    examples: [`{ "event": "SPICE_DISCONNECTED", "data": { ${ended} }, ${timestamp} }`],
  }),
  SPICE_MIGRATE_COMPLETED: event({
    since: '1.3',
    doc: 'The machine has gone elsewhere, and SPICE clients were told where (client_migrate_info).',
    examples: [`{ "event": "SPICE_MIGRATE_COMPLETED", ${timestamp} }`],
  }),
}
