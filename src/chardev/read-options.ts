import type { OptionList } from '../keyval/index.ts'
import { ChardevError } from './chardev-error.ts'
import { checkedOptions } from './option-values.ts'
import type { Backend, ChardevKeys, ChardevOptions, SocketBackend, SocketTarget } from './options.ts'

/** The kinds of device that QEMU has and this program has not. */
const unsupported = ['mux', 'udp', 'serial', 'parallel', 'memory', 'testdev', 'msmouse', 'wctablet', 'qemu-vdagent', 'spicevmc', 'spiceport', 'braille', 'dbus', 'console', 'tty', 'parport'] // biome-ignore format: one line
const defaultRingSize = 65536

/**
 * Makes options of a device out of QEMU's names and words: the values of `-chardev`, or what `parseChardevShorthand`
 * makes of `-serial` and `-qmp`.
 *
 * @throws {ChardevError} `option` or `unsupported`, with QEMU's text where QEMU refuses too
 */
export function readChardevOptions(keys: ChardevKeys): ChardevOptions {
  const options = checkedOptions(keys)
  const label = options.id
  if (label === undefined) throw new ChardevError('option', 'chardev: no id specified')
  const type = options.get('backend')
  if (type === undefined) throw new ChardevError('option', `chardev: "${label}" missing backend`)
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined
  if (read === undefined) {
    if (unsupported.includes(type)) throw new ChardevError('unsupported', `chardev: vmon has no '${type}' devices`)
    throw new ChardevError('option', `'${type}' is not a valid char driver name`)
  }
  if (options.boolean('mux') === true)
    throw new ChardevError('unsupported', `chardev: vmon cannot share a device (mux=on, mon:)`)
  if (options.get('logfile') !== undefined) throw new ChardevError('unsupported', 'chardev: vmon has no logfile option')
  return { label, backend: read(options) }
}

const readers: Readonly<Record<string, (options: OptionList) => Backend>> = {
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
}

/** The kinds of device that there are. */
export const chardevTypes: readonly string[] = Object.keys(readers)

function readSocket(options: OptionList): SocketBackend {
  const server = options.boolean('server') ?? false
  const address = readAddress(options)
  if (options.get('tls-creds') !== undefined)
    throw new ChardevError('option', `No TLS credentials with id '${options.get('tls-creds')}'`)
  if (options.get('tls-authz') !== undefined)
    throw new ChardevError('option', "'tls_authz' option requires 'tls_creds' option")
  if (server && options.get('reconnect') !== undefined)
    throw new ChardevError('option', "'reconnect' option is incompatible with socket in server listen mode")
  if (!server && options.boolean('websocket') === true)
    throw new ChardevError('option', 'Websocket client is not implemented')
  if (!server && options.get('wait') !== undefined)
    throw new ChardevError('option', "'wait' option is incompatible with socket in client connect mode")
  for (const name of ['websocket', 'tn3270', 'abstract'])
    if (options.boolean(name) === true) throw new ChardevError('unsupported', `chardev: vmon has no '${name}' sockets`)
  return {
    type: 'socket',
    address,
    server,
    wait: server && (options.boolean('wait') ?? true),
    telnet: options.boolean('telnet') ?? false,
    reconnect: Number(options.number('reconnect') ?? 0n),
    clients: readClients(options.number('clients')),
  }
}

function readAddress(options: OptionList): SocketTarget {
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
  if (fd === undefined || !/^\d+$/.test(fd)) throw new ChardevError('option', `Unable to parse FD number ${fd ?? ''}`)
  return { type: 'fd', fd: Number(fd) }
}

function readClients(clients: bigint | undefined): number | undefined {
  if (clients === 0n) throw new ChardevError('option', 'chardev: socket: clients must be at least 1')
  return clients === undefined ? undefined : Number(clients)
}

function ringSize(size = 0n): number {
  if ((size & (size - 1n)) !== 0n) throw new ChardevError('option', 'size of ringbuf chardev must be power of two')
  if (size > 2n ** 30n) throw new ChardevError('unsupported', 'chardev: a ringbuf holds at most 1 GiB')
  return size === 0n ? defaultRingSize : Number(size)
}

function needed(text: string | undefined, message: string): string {
  if (text === undefined) throw new ChardevError('option', message)
  return text
}
