import { closeSync } from 'node:fs'
import { ChardevError, type ChardevOptions, ringSize, socketBackend, udpBackend } from '../chardev/index.ts'
import { bool, type CallDescriptors, type Infer, int, opt, req, str, struct, union } from '../qapi/index.ts'
import { isSocket } from '../transport/index.ts'

const wrapped = <T>(name: string, type: Parameters<typeof req<T>>[0]) =>
  struct(`${name}Wrapper`, { data: req(type, 'what it is') })

const InetSocketAddress = struct('InetSocketAddress', {
  host: req(str, 'name or address of the host; empty for the loopback interface'),
  port: req(str, 'number of the port'),
  numeric: opt(bool, 'taken, without effect: a name is looked up where that is needed'),
  to: opt(int.wide, 'the last port to try'),
  ipv4: opt(bool, 'whether IPv4 may be used'),
  ipv6: opt(bool, 'whether IPv6 may be used'),
  'keep-alive': opt(bool, 'taken, without effect'),
  mptcp: opt(bool, 'taken, without effect'),
})

const UnixSocketAddress = struct('UnixSocketAddress', {
  path: req(str, 'the socket file', { complete: 'file' }),
  abstract: opt(bool, 'refused if true: there are no abstract addresses'),
  tight: opt(bool, 'of abstract addresses alone'),
})

const VsockSocketAddress = struct('VsockSocketAddress', {
  cid: req(str, 'number of the machine'),
  port: req(str, 'number of the port'),
})

const DescriptorName = struct('String', { str: req(str, 'name of a descriptor (getfd)') })

export const SocketAddressLegacy = union('SocketAddressLegacy', {
  base: {},
  discriminator: 'type',
  branches: {
    inet: wrapped('InetSocketAddress', InetSocketAddress),
    unix: wrapped('UnixSocketAddress', UnixSocketAddress),
    vsock: wrapped('VsockSocketAddress', VsockSocketAddress),
    fd: wrapped('String', DescriptorName),
  },
})

const common = {
  logfile: opt(str, 'a file that gets a copy of what is sent to the device', { complete: 'file' }),
  logappend: opt(bool, 'whether that file keeps what it has (default false)'),
}

const ChardevCommon = wrapped('ChardevCommon', struct('ChardevCommon', common))
const ChardevHostdev = wrapped(
  'ChardevHostdev',
  struct('ChardevHostdev', { ...common, device: req(str, 'its path', { complete: 'file' }) }),
)
const ChardevRingbuf = wrapped(
  'ChardevRingbuf',
  struct('ChardevRingbuf', {
    ...common,
    size: opt(int.wide, 'how many bytes are kept, a power of two (default 65536)'),
  }),
)

/** What a character device is, as chardev-add has it: all kinds that QEMU has. */
export const ChardevBackend = union('ChardevBackend', {
  base: {},
  discriminator: 'type',
  branches: {
    file: wrapped(
      'ChardevFile',
      struct('ChardevFile', {
        ...common,
        in: opt(str, 'a file to read from', { complete: 'file' }),
        out: req(str, 'the file to write', { complete: 'file' }),
        append: opt(bool, 'whether it keeps what it has (default false)'),
      }),
    ),
    serial: ChardevHostdev,
    parallel: ChardevHostdev,
    pipe: ChardevHostdev,
    socket: wrapped(
      'ChardevSocket',
      struct('ChardevSocket', {
        ...common,
        addr: req(SocketAddressLegacy, 'where to listen, or to connect to'),
        'tls-creds': opt(str, 'object with what streams are secured with by TLS'),
        'tls-authz': opt(str, 'object that says which clients may come, by their certificates'),
        server: opt(bool, 'whether it listens (default true)'),
        wait: opt(bool, 'whether the command waits for the first client of a server (default false)'),
        nodelay: opt(bool, 'taken, without effect: nothing is ever delayed'),
        telnet: opt(bool, 'whether clients speak telnet'),
        tn3270: opt(bool, 'refused if true'),
        websocket: opt(bool, 'whether clients are to ask for a WebSocket'),
        reconnect: opt(int.wide, 'seconds after which a client that has lost its server tries again; 0 for never'),
      }),
    ),
    udp: wrapped(
      'ChardevUdp',
      struct('ChardevUdp', {
        ...common,
        remote: req(SocketAddressLegacy, 'where datagrams go to'),
        local: opt(SocketAddressLegacy, 'where they come in'),
      }),
    ),
    pty: ChardevCommon,
    null: ChardevCommon,
    mux: wrapped('ChardevMux', struct('ChardevMux', { ...common, chardev: req(str, 'the device to share') })),
    msmouse: ChardevCommon,
    wctablet: ChardevCommon,
    braille: ChardevCommon,
    testdev: ChardevCommon,
    stdio: wrapped(
      'ChardevStdio',
      struct('ChardevStdio', { ...common, signal: opt(bool, 'whether Ctrl-C still ends the program (default true)') }),
    ),
    console: ChardevCommon,
    spicevmc: wrapped(
      'ChardevSpiceChannel',
      struct('ChardevSpiceChannel', { ...common, type: req(str, 'there is no SPICE') }),
    ),
    spiceport: wrapped(
      'ChardevSpicePort',
      struct('ChardevSpicePort', { ...common, fqdn: req(str, 'there is no SPICE') }),
    ),
    'qemu-vdagent': wrapped(
      'ChardevQemuVDAgent',
      struct('ChardevQemuVDAgent', {
        ...common,
        mouse: opt(bool, 'there is no agent'),
        clipboard: opt(bool, 'there is no agent'),
      }),
    ),
    dbus: wrapped('ChardevDBus', struct('ChardevDBus', { ...common, name: req(str, 'there is no D-Bus') })),
    vc: wrapped(
      'ChardevVC',
      struct('ChardevVC', {
        ...common,
        width: opt(int.wide, 'in pixels; the console is not shown'),
        height: opt(int.wide, 'in pixels; the console is not shown'),
        cols: opt(int.wide, 'in characters; the console is not shown'),
        rows: opt(int.wide, 'in characters; the console is not shown'),
      }),
    ),
    ringbuf: ChardevRingbuf,
    memory: ChardevRingbuf,
  },
})

type Wish = Infer<typeof ChardevBackend>
type Address = Infer<typeof SocketAddressLegacy>

/**
 * The options of a device that a client describes. A descriptor that it names is taken, last of all.
 *
 * @throws {ChardevError} if what it says cannot be
 * @throws {QmpError} if there is no such descriptor
 */
export function chardevOptionsOf(label: string, wish: Wish, descriptors: CallDescriptors): ChardevOptions {
  const { logfile, logappend = false } = wish.data
  return {
    label,
    backend: backendOf(wish, descriptors),
    ...(logfile !== undefined && { log: { path: logfile, append: logappend } }),
  }
}

function backendOf(wish: Wish, descriptors: CallDescriptors): ChardevOptions['backend'] {
  switch (wish.type) {
    case 'file': {
      const { in: input, out, append = false } = wish.data
      return { type: 'file', path: out, append, ...(input !== undefined && { input }) }
    }
    case 'pipe':
    case 'serial':
    case 'parallel':
      return { type: wish.type, path: wish.data.device }
    case 'socket':
      return socketOf(wish.data, descriptors)
    case 'udp':
      return udpOf(wish.data)
    case 'mux':
      return { type: 'mux', base: wish.data.chardev }
    case 'stdio':
      return { type: 'stdio', signal: wish.data.signal ?? true }
    case 'ringbuf':
    case 'memory':
      return { type: wish.type, size: ringSize(BigInt(wish.data.size ?? 0)) }
    case 'pty':
    case 'null':
    case 'vc':
      return { type: wish.type }
    case 'console':
      throw new ChardevError('option', "'console' is not a valid char driver name")
    default:
      throw new ChardevError('unsupported', `chardev: vmon has no '${wish.type}' devices`)
  }
}

type SocketWish = Extract<Wish, { type: 'socket' }>['data']

function socketOf(wish: SocketWish, descriptors: CallDescriptors): ChardevOptions['backend'] {
  const { addr, server = true, wait, telnet, tn3270, websocket, reconnect } = wish
  const said = {
    server,
    wait,
    waits: false,
    telnet,
    tn3270,
    websocket,
    abstract: addr.type === 'unix' ? addr.data.abstract : undefined,
    reconnect,
    tlsCreds: wish['tls-creds'],
    tlsAuthz: wish['tls-authz'],
  }
  // A descriptor is not taken before all else is found to be right.
  if (addr.type === 'fd') socketBackend({ ...said, address: { type: 'fd', fd: -1 } })
  return socketBackend({ ...said, address: targetOf(addr, descriptors) })
}

function targetOf(addr: Address, descriptors: CallDescriptors) {
  switch (addr.type) {
    case 'unix':
      return { type: 'unix', path: addr.data.path } as const
    case 'inet':
      return { type: 'inet', ...inetOf(addr.data) } as const
    case 'fd':
      return { type: 'fd', fd: takeSocket(addr.data.str, descriptors) } as const
    case 'vsock':
      throw new ChardevError('unsupported', "chardev: vmon has no 'vsock' sockets")
  }
}

function inetOf({ host, port, to, ipv4, ipv6 }: Infer<typeof InetSocketAddress>) {
  return {
    host,
    port,
    ...(to === undefined ? {} : { to: Number(to) }),
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ...(ipv6 === undefined ? {} : { ipv6 }),
  }
}

/** Takes a descriptor that was passed, for a socket device. @throws {ChardevError} `option`, if it is no socket; it is closed then */
export function takeSocket(name: string, descriptors: CallDescriptors): number {
  const fd = descriptors.takeNamed(name)
  if (isSocket(fd)) return fd
  closeSync(fd)
  throw new ChardevError('option', `File descriptor '${name}' is not a socket`)
}

function udpOf({ remote, local }: Extract<Wish, { type: 'udp' }>['data']): ChardevOptions['backend'] {
  if (remote.type !== 'inet') throw new ChardevError('option', 'socket type unsupported for datagram')
  if (remote.data.port === '') throw new ChardevError('option', 'remote port not specified')
  if (local !== undefined && local.type !== 'inet')
    throw new ChardevError('unsupported', 'chardev: udp: the local address must be of the kind inet')
  return udpBackend(inetOf(remote.data), local?.data)
}
