import { bool, type Infer, type ObjectType, oneOf, opt, req, str, struct, uint16, union } from '../qapi/index.ts'
import type { SocketAddress as Address } from '../transport/index.ts'

const InetSocketAddress = struct('InetSocketAddress', {
  host: req(str, 'name or address'),
  port: req(str, 'number of the port'),
  numeric: opt(bool, 'whether the host is an address, not a name: makes no difference'),
  to: opt(uint16, 'the last port to try'),
  ipv4: opt(bool, 'whether IPv4 may be used'),
  ipv6: opt(bool, 'whether IPv6 may be used'),
  'keep-alive': opt(bool, 'whether the system looks if the peer is still there: makes no difference'),
  mptcp: opt(bool, 'whether several paths are used: makes no difference'),
})

const UnixSocketAddress = struct('UnixSocketAddress', {
  path: req(str, 'file of the socket', { complete: 'file' }),
  abstract: opt(bool, 'whether it has no file'),
  tight: opt(bool, 'whether the name of one without a file ends where it ends'),
})

const VsockSocketAddress = struct('VsockSocketAddress', {
  cid: req(str, 'number of the guest'),
  port: req(str, 'number of the port'),
})

const StringWrapper = struct('String', { str: req(str, 'name of the descriptor') })

const SocketAddressType = oneOf('SocketAddressType', ['inet', 'unix', 'vsock', 'fd'])

const base = { type: req(SocketAddressType, 'what kind of address it is') }

/** Where to listen, or whom to call. */
export const SocketAddress = union('SocketAddress', {
  base,
  discriminator: 'type',
  branches: { inet: InetSocketAddress, unix: UnixSocketAddress, vsock: VsockSocketAddress, fd: StringWrapper },
})

const wrapped = <T>(data: ObjectType<T>) => struct(`${data.name}Wrapper`, { data: req(data, 'the address') })

/** The same, as older commands have it: with the address in an object of its own. */
export const SocketAddressLegacy = union('SocketAddressLegacy', {
  base,
  discriminator: 'type',
  branches: {
    inet: wrapped(InetSocketAddress),
    unix: wrapped(UnixSocketAddress),
    vsock: wrapped(VsockSocketAddress),
    fd: wrapped(StringWrapper),
  },
})

/** The address that an older command means. */
export function addressOf(legacy: Infer<typeof SocketAddressLegacy>): Address {
  return socketAddressOf({ ...legacy.data, type: legacy.type } as Infer<typeof SocketAddress>)
}

/** The address that a command means. */
export function socketAddressOf(said: Infer<typeof SocketAddress>): Address {
  switch (said.type) {
    case 'inet': {
      const { host, port, to, ipv4, ipv6 } = said
      return {
        type: 'inet',
        host,
        port,
        ...(to !== undefined && { to }),
        ...(ipv4 !== undefined && { ipv4 }),
        ...(ipv6 !== undefined && { ipv6 }),
      }
    }
    case 'unix':
      return { type: 'unix', path: said.path, abstract: said.abstract }
    case 'vsock':
      return { type: 'vsock' }
    case 'fd':
      return { type: 'fd', str: said.str }
  }
}
