import { NetworkPolicy } from '../net/index.ts'
import {
  bool,
  either,
  int,
  int32,
  list,
  oneOf,
  opt,
  req,
  str,
  struct,
  uint16,
  uint32,
  uint64,
  union,
} from '../qapi/index.ts'
import { SocketAddress } from './socket-address.ts'

const Text = struct('String', { str: req(str, 'the text') })

const NetLegacyNicOptions = struct('NetLegacyNicOptions', {
  netdev: opt(str, 'the back end that it is joined with'),
  macaddr: opt(str, 'its MAC address'),
  model: opt(str, 'which card it is'),
  addr: opt(str, 'its place on the bus'),
  vectors: opt(uint32, 'how many MSI-X vectors it has'),
})

const NetdevUserOptions = struct('NetdevUserOptions', {
  hostname: opt(str, 'the name that the guest is told by DHCP'),
  restrict: opt(bool, 'whether the guest reaches nothing beyond the network, not even the host (default false)'),
  ipv4: opt(bool, 'whether there is IPv4 (default true)'),
  ipv6: opt(bool, 'whether there is IPv6'),
  ip: opt(str, 'the network, as `net` with a mask of 24 bits'),
  net: opt(str, 'the network and its mask: `10.0.2.0/24`'),
  host: opt(str, "the host's address, which is the gateway's (default 10.0.2.2)"),
  tftp: opt(str, 'folder that the guest can read by TFTP', { complete: 'file' }),
  bootfile: opt(str, 'the file that the guest is told to boot from'),
  dhcpstart: opt(str, 'the first address that DHCP gives (default 10.0.2.15)'),
  dns: opt(str, 'address of the name server (default 10.0.2.3)'),
  dnssearch: opt(list(Text), 'domains in which the guest looks for names'),
  domainname: opt(str, 'the domain that the guest is told by DHCP'),
  'ipv6-prefix': opt(str, 'the IPv6 network'),
  'ipv6-prefixlen': opt(int, 'how long its prefix is'),
  'ipv6-host': opt(str, "the host's IPv6 address"),
  'ipv6-dns': opt(str, 'IPv6 address of the name server'),
  smb: opt(str, 'folder to share by SMB'),
  smbserver: opt(str, 'address of the SMB server'),
  hostfwd: opt(
    list(Text),
    'ports of the host that lead to the guest: `tcp:127.0.0.1:2222-:22`; port 0 is any that is free',
  ),
  guestfwd: opt(list(Text), 'addresses of the guest that lead to something of the host'),
  'tftp-server-name': opt(str, 'the name of the TFTP server that the guest is told'),
  policy: opt(
    either('NetworkPolicyOrFile', { object: NetworkPolicy, string: str }),
    "vmon's own: which connections the guest may open, or a file of JSON that says so",
    { features: ['org.vmon'], complete: 'file' },
  ),
  wake: opt(
    bool,
    "vmon's own: whether a connection to a forwarded port lets a guest run that is stopped, or sleeps (default false)",
    { features: ['org.vmon'] },
  ),
})

const NetdevTapOptions = struct('NetdevTapOptions', {
  ifname: opt(str, 'name of the interface'),
  fd: opt(str, 'descriptor of one that is open'),
  fds: opt(str, 'descriptors of several'),
  script: opt(str, 'program that sets it up'),
  downscript: opt(str, 'program that takes it down'),
  br: opt(str, 'bridge to join'),
  helper: opt(str, 'program that joins it'),
  sndbuf: opt(uint64, 'how much may wait to be sent'),
  vnet_hdr: opt(bool, 'whether frames have a header of virtio'),
  vhost: opt(bool, 'whether the kernel carries frames'),
  vhostfd: opt(str, 'descriptor for that'),
  vhostfds: opt(str, 'descriptors for that'),
  vhostforce: opt(bool, 'whether that is done for every guest'),
  queues: opt(uint32, 'how many queues there are'),
  'poll-us': opt(uint32, 'how long is polled, in microseconds'),
})

const NetdevL2TPv3Options = struct('NetdevL2TPv3Options', {
  src: req(str, 'own address'),
  dst: req(str, "the other side's address"),
  srcport: opt(str, 'own port'),
  dstport: opt(str, "the other side's port"),
  ipv6: opt(bool, 'whether IPv6 is used'),
  udp: opt(bool, 'whether UDP is used'),
  cookie64: opt(bool, 'whether cookies have 64 bits'),
  counter: opt(bool, 'whether frames are counted'),
  pincounter: opt(bool, 'whether the counter stays zero'),
  txcookie: opt(uint64, 'cookie of what is sent'),
  rxcookie: opt(uint64, 'cookie of what is received'),
  txsession: req(uint32, 'session of what is sent'),
  rxsession: opt(uint32, 'session of what is received'),
  offset: opt(uint32, 'bytes between header and frame'),
})

const NetdevSocketOptions = struct('NetdevSocketOptions', {
  fd: opt(str, 'descriptor of a socket that is open'),
  listen: opt(str, 'where to wait for the other side: [host]:port'),
  connect: opt(str, 'where the other side waits: [host]:port'),
  mcast: opt(str, 'group that all sides are in: address:port'),
  localaddr: opt(str, 'own address, for a group or UDP'),
  udp: opt(str, 'where datagrams go: host:port'),
})

const NetdevStreamOptions = struct('NetdevStreamOptions', {
  addr: req(SocketAddress, 'where to call, or to wait'),
  server: opt(bool, 'whether to wait for the other side (default false)'),
})

const NetdevDgramOptions = struct('NetdevDgramOptions', {
  local: opt(SocketAddress, 'own address'),
  remote: opt(SocketAddress, "the other side's address, or a group's"),
})

const NetdevVdeOptions = struct('NetdevVdeOptions', {
  sock: opt(str, 'socket of the switch'),
  port: opt(uint16, 'port of the switch'),
  group: opt(str, 'group that the socket belongs to'),
  mode: opt(uint16, 'permissions of the socket'),
})

const NetdevBridgeOptions = struct('NetdevBridgeOptions', {
  br: opt(str, 'the bridge'),
  helper: opt(str, 'program that joins it'),
})

const NetdevHubPortOptions = struct('NetdevHubPortOptions', {
  hubid: req(int32, 'number of the hub'),
  netdev: opt(str, 'back end to join the hub with'),
})

const NetdevNetmapOptions = struct('NetdevNetmapOptions', {
  ifname: req(str, 'the interface'),
  devname: opt(str, 'path of the netmap device'),
})

const NetdevVhostUserOptions = struct('NetdevVhostUserOptions', {
  chardev: req(str, 'the character device that leads to the program'),
  vhostforce: opt(bool, 'whether it is used for every guest'),
  queues: opt(int, 'how many queues there are'),
})

const NetdevVhostVDPAOptions = struct('NetdevVhostVDPAOptions', {
  vhostdev: opt(str, 'path of the device'),
  vhostfd: opt(str, 'descriptor of the device'),
  queues: opt(int, 'how many queues there are'),
  'x-svq': opt(bool, 'whether descriptors are watched', { features: ['unstable'] }),
})

const NetClientDriver = oneOf('NetClientDriver', [
  ...([
    'none',
    'nic',
    'user',
    'tap',
    'l2tpv3',
    'socket',
    'stream',
    'dgram',
    'vde',
    'bridge',
    'hubport',
    'netmap',
  ] as const),
  ...(['vhost-user', 'vhost-vdpa'] as const),
])

/** A back end of the network. */
export const Netdev = union('Netdev', {
  base: { id: req(str, 'what it is to be called'), type: req(NetClientDriver, 'what it is') },
  discriminator: 'type',
  branches: {
    none: undefined,
    nic: NetLegacyNicOptions,
    user: NetdevUserOptions,
    tap: NetdevTapOptions,
    l2tpv3: NetdevL2TPv3Options,
    socket: NetdevSocketOptions,
    stream: NetdevStreamOptions,
    dgram: NetdevDgramOptions,
    vde: NetdevVdeOptions,
    bridge: NetdevBridgeOptions,
    hubport: NetdevHubPortOptions,
    netmap: NetdevNetmapOptions,
    'vhost-user': NetdevVhostUserOptions,
    'vhost-vdpa': NetdevVhostVDPAOptions,
  },
})
