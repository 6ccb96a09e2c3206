import { ChardevError } from './chardev-error.ts'
import { OptionValues } from './option-values.ts'
import type { Backend, ChardevKeys, ChardevOptions, SocketBackend, SocketTarget } from './options.ts'

/** The kinds of device that QEMU has and this program has not. */
const unsupported = ['mux', 'pty', 'udp', 'serial', 'parallel', 'memory', 'testdev', 'msmouse', 'wctablet', 'qemu-vdagent', 'spicevmc', 'spiceport', 'braille', 'dbus', 'console', 'tty', 'parport'] // biome-ignore format: one line
const defaultRingSize = 65536

/**
 * Makes options of a device out of QEMU's names and words: the values of `-chardev`, or what `parseChardevShorthand`
 * makes of `-serial` and `-qmp`.
 *
 * @throws {ChardevError} `option` or `unsupported`, with QEMU's text where QEMU refuses too
 */
export function readChardevOptions(keys: ChardevKeys): ChardevOptions {
  const values = new OptionValues(keys)
  const label = values.text('id')
  if (label === undefined) throw new ChardevError('option', 'chardev: no id specified')
  const type = values.text('backend')
  if (type === undefined) throw new ChardevError('option', `chardev: "${label}" missing backend`)
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined
  if (read === undefined) {
    if (unsupported.includes(type)) throw new ChardevError('unsupported', `chardev: vmon has no '${type}' devices`)
    throw new ChardevError('option', `'${type}' is not a valid char driver name`)
  }
  if (values.boolean('mux') === true)
    throw new ChardevError('unsupported', `chardev: vmon cannot share a device (mux=on, mon:)`)
  if (values.has('logfile')) throw new ChardevError('unsupported', 'chardev: vmon has no logfile option')
  return { label, backend: read(values) }
}

const readers: Readonly<Record<string, (values: OptionValues) => Backend>> = {
  socket: readSocket,
  null: () => ({ type: 'null' }),
  vc: () => ({ type: 'vc' }),
  stdio: (values) => ({ type: 'stdio', signal: values.boolean('signal') ?? true }),
  file: (values) => ({
    type: 'file',
    path: needed(values.text('path'), 'chardev: file: no filename given'),
    append: values.boolean('append') ?? false,
  }),
  pipe: (values) => ({ type: 'pipe', path: needed(values.text('path'), 'chardev: pipe: no device path given') }),
  ringbuf: (values) => ({ type: 'ringbuf', size: ringSize(values.number('size')) }),
}

function readSocket(values: OptionValues): SocketBackend {
  const server = values.boolean('server') ?? false
  const address = readAddress(values)
  if (values.has('tls-creds'))
    throw new ChardevError('option', `No TLS credentials with id '${values.text('tls-creds')}'`)
  if (values.has('tls-authz')) throw new ChardevError('option', "'tls_authz' option requires 'tls_creds' option")
  if (server && values.has('reconnect'))
    throw new ChardevError('option', "'reconnect' option is incompatible with socket in server listen mode")
  if (!server && values.boolean('websocket') === true)
    throw new ChardevError('option', 'Websocket client is not implemented')
  if (!server && values.has('wait'))
    throw new ChardevError('option', "'wait' option is incompatible with socket in client connect mode")
  for (const name of ['websocket', 'tn3270', 'abstract'])
    if (values.boolean(name) === true) throw new ChardevError('unsupported', `chardev: vmon has no '${name}' sockets`)
  return {
    type: 'socket',
    address,
    server,
    wait: server && (values.boolean('wait') ?? true),
    telnet: values.boolean('telnet') ?? false,
    reconnect: values.number('reconnect') ?? 0,
    clients: values.number('clients'),
  }
}

function readAddress(values: OptionValues): SocketTarget {
  const path = values.text('path')
  const host = values.text('host')
  const fd = values.text('fd')
  if ([path, host, fd].filter((each) => each !== undefined).length > 1)
    throw new ChardevError('option', "None or one of 'path', 'fd' or 'host' option required.")
  if (path !== undefined) return { type: 'unix', path }
  if (host !== undefined) {
    const port = needed(values.text('port'), 'chardev: socket: no port given')
    const [to, ipv4, ipv6] = [values.number('to'), values.boolean('ipv4'), values.boolean('ipv6')]
    return {
      type: 'inet',
      host,
      port,
      ...(to === undefined ? {} : { to }),
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
    }
  }
  if (fd === undefined || !/^\d+$/.test(fd)) throw new ChardevError('option', `Unable to parse FD number ${fd ?? ''}`)
  return { type: 'fd', fd: Number(fd) }
}

function ringSize(size = defaultRingSize): number {
  const used = size === 0 ? defaultRingSize : size
  if (!Number.isInteger(Math.log2(used)))
    throw new ChardevError('option', 'size of ringbuf chardev must be power of two')
  if (used > 2 ** 30) throw new ChardevError('unsupported', 'chardev: a ringbuf holds at most 1 GiB')
  return used
}

function needed(text: string | undefined, message: string): string {
  if (text === undefined) throw new ChardevError('option', message)
  return text
}
