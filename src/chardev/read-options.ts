import type { OptionList } from '../keyval/index.ts'
import { ownEntry } from '../lookup/index.ts'
import type { InetTarget } from '../transport/index.ts'
import { ChardevError } from './chardev-error.ts'
import { checkedOptions } from './option-values.ts'
import type { Backend, ChardevKeys, ChardevOptions, SocketBackend, SocketTarget } from './options.ts'
import { socketBackend } from './socket-backend.ts'

/** The kinds of device that QEMU has and this program has not. */
const unsupported = ['testdev', 'msmouse', 'wctablet', 'qemu-vdagent', 'spicevmc', 'spiceport', 'braille', 'dbus']
const defaultRingSize = 65536

/**
 * Makes options of a device out of QEMU's names and words: the values of `-chardev`, or what `parseChardevShorthand`
 * makes of `-serial` and `-qmp`.
 *
 * @param descriptor - says which descriptor `fd=` means
 * @throws {ChardevError} `option` or `unsupported`, with QEMU's text where QEMU refuses too
 */
export function readChardevOptions(keys: ChardevKeys, descriptor: DescriptorReader = parseDescriptor): ChardevOptions {
  const options = checkedOptions(keys)
  const label = options.id
  if (label === undefined) throw new ChardevError('option', 'chardev: no id specified')
  const type = options.get('backend')
  if (type === undefined) throw new ChardevError('option', `chardev: "${label}" missing backend`)
  const read = ownEntry(readers, type)
  if (read === undefined) {
    if (unsupported.includes(type)) throw new ChardevError('unsupported', `chardev: vmon has no '${type}' devices`)
    throw new ChardevError('option', `'${type}' is not a valid char driver name`)
  }
  const path = options.get('logfile')
  const log = path === undefined ? undefined : { path, append: options.boolean('logappend') ?? false }
  return {
    label,
    backend: read(options, descriptor),
    ...(options.boolean('mux') === true && { mux: true }),
    ...(log !== undefined && { log }),
  }
}

/** Says which descriptor a text means. */
export type DescriptorReader = (text: string) => number

/** Of a command line: the number itself. */
function parseDescriptor(text: string): number {
  if (!/^\d+$/.test(text)) throw new ChardevError('option', `Unable to parse FD number ${text}`)
  return Number(text)
}

const readers: Readonly<Record<string, (options: OptionList, descriptor: DescriptorReader) => Backend>> = {
  socket: readSocket,
  null: () => ({ type: 'null' }),
  vc: () => ({ type: 'vc' }),
  pty: () => ({ type: 'pty' }),
  stdio: (options) => ({ type: 'stdio', signal: options.boolean('signal') ?? true }),
  file: (options) => ({
    type: 'file',
    path: needed(options.get('path'), 'chardev: file: no filename given'),
    append: options.boolean('append') ?? false,
  }),
  pipe: (options) => ({ type: 'pipe', path: needed(options.get('path'), 'chardev: pipe: no device path given') }),
  ringbuf: (options) => ({ type: 'ringbuf', size: ringSize(options.size('size')) }),
  memory: (options) => ({ type: 'memory', size: ringSize(options.size('size')) }),
  mux: (options) => ({ type: 'mux', base: needed(options.get('chardev'), 'chardev: mux: no chardev given') }),
  udp: readUdp,
  serial: readHostSerial,
  tty: readHostSerial,
  parallel: readHostParallel,
  parport: readHostParallel,
}

function readHostSerial(options: OptionList): Backend {
  return { type: 'serial', path: needed(options.get('path'), 'chardev: serial/tty: no device path given') }
}

function readHostParallel(options: OptionList): Backend {
  return { type: 'parallel', path: needed(options.get('path'), 'chardev: parallel: no device path given') }
}

function readUdp(options: OptionList): Backend {
  const port = needed(options.get('port') || undefined, 'chardev: udp: remote port not specified')
  const [ipv4, ipv6] = [options.boolean('ipv4'), options.boolean('ipv6')]
  const families = { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) }
  return udpBackend(
    { host: options.get('host') ?? '', port, ...families },
    { host: options.get('localaddr'), port: options.get('localport') },
  )
}

/** A device for datagrams; what is empty is not said. */
export function udpBackend(
  remote: InetTarget,
  local: { readonly host?: string | undefined; readonly port?: string | undefined } | undefined,
): Backend {
  const own = { ...(local?.host && { host: local.host }), port: local?.port || '0' }
  return {
    type: 'udp',
    remote: { ...remote, host: remote.host || 'localhost' },
    local: local?.host || local?.port ? own : undefined,
  }
}

/** The kinds of device that there are, in QEMU's order. */
export const chardevTypes = ['stdio', 'ringbuf', 'mux', 'pipe', 'null', 'socket', 'vc', 'udp', 'memory', 'file', 'pty'] // biome-ignore format: one line

/** What `-chardev help` prints. */
export const chardevHelp = `Available chardev backend types: \n${chardevTypes.map((type) => `  ${type}\n`).join('')}`

function readSocket(options: OptionList, descriptor: DescriptorReader): SocketBackend {
  const server = options.boolean('server') ?? false
  return socketBackend({
    address: readAddress(options, descriptor),
    server,
    wait: options.boolean('wait'),
    waits: true,
    telnet: options.boolean('telnet'),
    tn3270: options.boolean('tn3270'),
    websocket: options.boolean('websocket'),
    abstract: options.boolean('abstract'),
    reconnect: options.number('reconnect'),
    clients: readClients(options.number('clients')),
    tlsCreds: options.get('tls-creds'),
    tlsAuthz: options.get('tls-authz'),
  })
}

function readAddress(options: OptionList, descriptor: DescriptorReader): SocketTarget {
  const path = options.get('path')
  const host = options.get('host')
  const fd = options.get('fd')
  if ([path, host, fd].filter((each) => each !== undefined).length > 1)
    throw new ChardevError('option', "None or one of 'path', 'fd' or 'host' option required.")
  if (path !== undefined) return { type: 'unix', path }
  if (host !== undefined) {
    const port = needed(options.get('port'), 'chardev: socket: no port given')
    const [to, ipv4, ipv6] = [options.number('to'), options.boolean('ipv4'), options.boolean('ipv6')]
    return {
      type: 'inet',
      host,
      port,
      ...(to === undefined ? {} : { to: Number(to) }),
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
    }
  }
  return { type: 'fd', fd: descriptor(fd ?? '') }
}

function readClients(clients: bigint | undefined): number | undefined {
  if (clients === 0n) throw new ChardevError('option', 'chardev: socket: clients must be at least 1')
  return clients === undefined ? undefined : Number(clients)
}

/**
 * How many bytes a ring keeps.
 *
 * @throws {ChardevError} `option`, if that is no power of two; `unsupported`, if it is too many
 */
export function ringSize(size = 0n): number {
  if ((size & (size - 1n)) !== 0n) throw new ChardevError('option', 'size of ringbuf chardev must be power of two')
  if (size > 2n ** 30n) throw new ChardevError('unsupported', 'chardev: a ringbuf holds at most 1 GiB')
  return size === 0n ? defaultRingSize : Number(size)
}

function needed(text: string | undefined, message: string): string {
  if (text === undefined) throw new ChardevError('option', message)
  return text
}
