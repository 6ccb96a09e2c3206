import { bool, example, family, int, list, nothing, oneOf, opt, QmpError, req, str, struct } from '../qapi/index.ts'
import { SpiceChannel, type SpiceServer } from '../spice-server/index.ts'

const command = family<{ spiceServer: SpiceServer | undefined }>()

const SpiceInfo = struct('SpiceInfo', {
  enabled: req(bool, 'whether there is a SPICE server (-spice)'),
  migrated: req(bool, 'whether clients were told to go on where the machine has gone'),
  host: opt(str, 'where it listens: a name, an address, a path, or `*`'),
  port: opt(int, 'its port'),
  'tls-port': opt(int, 'its port for TLS'),
  auth: opt(str, 'how clients prove who they are: none, or spice, by a password'),
  'compiled-version': opt(str, 'the version of the library that QEMU has, and that this server does as'),
  'mouse-mode': req(oneOf('SpiceQueryMouseMode', ['client', 'server', 'unknown']), 'who moves the pointer'),
  channels: opt(list(SpiceChannel), 'channels of its clients'),
})

/** What clients see is as from this version of spice-server, which Debian's QEMU 7.2 has. */
const compiledVersion = '0.15.1'

/** The server. @throws {QmpError} if there is none */
export function spiceInUse(server: SpiceServer | undefined): SpiceServer {
  if (server === undefined) throw new QmpError('DeviceNotActive', 'SPICE is not in use')
  return server
}

/** The SPICE server. */
export const spiceCommands = {
  'query-spice': command({
    since: '0.14',
    doc: 'Tell of the SPICE server: where it listens, and which channels clients have open.',
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
    run({ spiceServer }) {
      // Whoever is not there is said to be moved by a client, in QEMU too.
      if (spiceServer === undefined) return { enabled: false, migrated: false, 'mouse-mode': 'client' as const }
      const { host, port, tlsPort, auth, channels, mouseMode, migrated } = spiceServer.info()
      return {
        enabled: true,
        migrated,
        host,
        ...(port !== undefined && { port }),
        ...(tlsPort !== undefined && { 'tls-port': tlsPort }),
        auth,
        'compiled-version': compiledVersion,
        'mouse-mode': mouseMode,
        channels: [...channels],
      }
    },
  }),

  client_migrate_info: command({
    since: '0.14',
    doc: 'Say where SPICE clients are to go on when the machine has gone elsewhere: they are told when it has.',
    args: {
      protocol: req(str, 'spice'),
      hostname: req(str, 'name or address of the other side'),
      port: opt(int, 'port there'),
      'tls-port': opt(int, 'port there for TLS'),
      'cert-subject': opt(str, 'subject of the certificate there'),
    },
    returns: nothing,
    errors: ['DeviceNotActive, without `-spice`', 'GenericError, if @protocol is another, or there is no port'],
    examples: [
      example(
        'there is no SPICE',
        `
        -> { "execute": "client_migrate_info", "arguments": { "protocol": "spice", "hostname": "h", "port": 1234 } }
        <- { "error": { "class": "DeviceNotActive", "desc": "SPICE is not in use" } }`,
      ),
    ],
    run({ spiceServer }, { protocol, hostname, port, 'tls-port': tlsPort, 'cert-subject': certSubject }) {
      if (protocol !== 'spice') throw new QmpError('GenericError', "Parameter 'protocol' expects 'spice'")
      const server = spiceInUse(spiceServer)
      if (port === undefined && tlsPort === undefined)
        throw new QmpError('GenericError', "Parameter 'port/tls-port' is missing")
      server.goesTo({ host: hostname, port: portOf(port), tlsPort: portOf(tlsPort), certSubject })
      return {}
    },
  }),
}

/** Of a larger number 16 bits are told. */
function portOf(port: number | bigint | undefined): number {
  return Number(BigInt.asUintN(16, BigInt(port ?? 0)))
}
