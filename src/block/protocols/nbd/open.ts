import { defaultPort, longestName } from '../../../nbd/index.ts'
import { type SocketAddress, TransportError } from '../../../transport/index.ts'
import { BlockError } from '../../block-error.ts'
import type { OpenRequest, ProtocolDefinition, Secure } from '../../open/driver.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import { isReadOnly } from './handshake.ts'
import { NbdClient } from './nbd-client.ts'
import { NbdDriver, readOnlyExport } from './nbd-driver.ts'
import { parseNbdFilename } from './nbd-names.ts'

const depthContext = 'qemu:allocation-depth'

/** Images of NBD servers, by the three words that a file name may begin with. */
export const nbd: ProtocolDefinition = define('nbd')
export const nbdTcp: ProtocolDefinition = define('nbd+tcp')
export const nbdUnix: ProtocolDefinition = define('nbd+unix')

function define(prefix: string): ProtocolDefinition {
  return { name: 'nbd', prefix, parseFilename: parseNbdFilename, open }
}

async function open({ options, readOnly, autoReadOnly, securing }: OpenRequest): Promise<NbdDriver> {
  const filename = options.takeString('filename')
  if (filename !== undefined) {
    for (const [key, value] of Object.entries(parseNbdFilename(filename))) options.setDefault(key, value)
  }
  const more = options.pick(['tls-creds', 'tls-hostname', 'x-dirty-bitmap'])
  const name = options.takeString('export') ?? ''
  const server = takeServer(options)
  if (Buffer.byteLength(name) > longestName) throw invalid('export name too long to send to server')
  const creds = options.takeString('tls-creds')
  const hostname = options.takeString('tls-hostname') ?? (server.type === 'inet' ? server.host : undefined)
  const bitmap = options.takeString('x-dirty-bitmap')
  if (Buffer.byteLength(bitmap ?? '') > longestName) throw invalid('x-dirty-bitmap query too long to send to server')
  const reconnectMs = 1000 * (options.takeInteger('reconnect-delay') ?? 0)
  const openMs = 1000 * (options.takeInteger('open-timeout') ?? 0)
  const secure = creds === undefined ? undefined : securedBy(creds, () => securing?.(creds, hostname))
  const context = bitmap ?? 'base:allocation'
  const client = await NbdClient.open({ server, name, context, reconnectMs, openMs, secure })
  try {
    if (bitmap !== undefined && client.terms.context === undefined) {
      throw invalid(`requested x-dirty-bitmap ${bitmap} not found`)
    }
    if (isReadOnly(client.terms) && !readOnly && !autoReadOnly) throw readOnlyExport()
    const meaning = bitmap === depthContext ? 'depth' : 'allocation'
    return new NbdDriver(client, { server, export: name, more, meaning })
  } catch (error) {
    await client.close()
    throw error
  }
}

/** @throws {BlockError} in QEMU's words, if there are no such credentials */
function securedBy(creds: string, find: () => Secure | undefined): Secure {
  try {
    const found = find()
    if (found !== undefined) return found
  } catch (error) {
    throw error instanceof TransportError ? new BlockError('missing', error.message) : error
  }
  throw new BlockError('missing', `No TLS credentials with id '${creds}'`)
}

/** Where the server is, said in the new way or in the old one. */
function takeServer(options: OptionBag): SocketAddress {
  const [path, host, port] = ['path', 'host', 'port'].map((key) => options.takeString(key))
  const server = options.takeBelow('server')
  if (path === undefined && host === undefined && port === undefined) return takeAddress(server)
  if (server.left.length > 0) throw invalid("Cannot use 'server' and path/host/port at the same time")
  if (path !== undefined && host !== undefined) throw invalid('path and host may not be used at the same time')
  if (path !== undefined) {
    if (port !== undefined) throw invalid('port may not be used without host')
    return { type: 'unix', path }
  }
  if (host === undefined) throw invalid('NBD server address missing')
  return { type: 'inet', host, port: port ?? String(defaultPort) }
}

function takeAddress(server: OptionBag): SocketAddress {
  if (server.left.length === 0) throw invalid('NBD server address missing')
  const needed = (key: string): string => {
    const value = server.takeString(key)
    if (value === undefined) throw invalid(`Parameter 'server.${key}' is missing`)
    return value
  }
  const address = addressOf(needed('type'), needed, server)
  const [unknown] = server.left
  if (unknown !== undefined) throw invalid(`Parameter 'server.${unknown}' is unexpected`)
  return address
}

function addressOf(type: string, needed: (key: string) => string, server: OptionBag): SocketAddress {
  switch (type) {
    case 'inet': {
      const [host, port] = [needed('host'), needed('port')]
      for (const key of ['numeric', 'keep-alive', 'mptcp']) server.takeBoolean(key)
      server.takeInteger('to')
      const [ipv4, ipv6] = [server.takeBoolean('ipv4'), server.takeBoolean('ipv6')]
      return { type, host, port, ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) }
    }
    case 'unix': {
      const path = needed('path')
      const abstract = server.takeBoolean('abstract')
      server.takeBoolean('tight')
      return { type, path, ...(abstract !== undefined && { abstract }) }
    }
    case 'vsock':
      needed('cid')
      needed('port')
      return { type }
    case 'fd':
      return { type, str: needed('str') }
    default:
      throw invalid(`Parameter 'server.type' does not accept value '${type}'`)
  }
}

function invalid(message: string): BlockError {
  return new BlockError('invalid', message)
}
