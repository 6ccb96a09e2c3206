import { closeSync } from 'node:fs'
import { type ChardevOptions, type ChardevSet, chardevTypes, decodeBase64, textOf } from '../chardev/index.ts'
import {
  bool,
  type Call,
  example,
  family,
  type Infer,
  int,
  list,
  nothing,
  oneOf,
  opt,
  QmpError,
  req,
  str,
  struct,
} from '../qapi/index.ts'
import type { SpiceServer } from '../spice-server/index.ts'
import { isSocket, openFd } from '../transport/index.ts'
import type { VncDisplays } from '../vnc/index.ts'
import { ChardevBackend, chardevOptionsOf } from './chardev-backend.ts'
import { spiceInUse } from './spice.ts'

/** What the commands ask of the character devices. */
type Chardevs = Pick<
  ChardevSet,
  'list' | 'has' | 'isFree' | 'add' | 'remove' | 'change' | 'sendBreak' | 'ring' | 'addClient'
>

/** Whom clients can be handed to. */
export interface ClientTakers {
  readonly chardevs: Chardevs
  readonly vncDisplays: Pick<VncDisplays, 'addClient'>
  readonly spiceServer: SpiceServer | undefined
}

const command = family<{ chardevs: Chardevs }>()
const clientCommand = family<ClientTakers>()

const ChardevInfo = struct('ChardevInfo', {
  label: req(str, 'name of the character device'),
  filename: req(str, 'its back end, as -chardev would say it'),
  'frontend-open': req(bool, 'true if the guest, or the monitor, has opened it'),
})

const ChardevBackendInfo = struct('ChardevBackendInfo', { name: req(str, 'kind of device, as -chardev has it') })

const ChardevReturn = struct('ChardevReturn', { pty: opt(str, 'of a pseudo-terminal: the path to open') })

const DataFormat = oneOf('DataFormat', ['utf8', 'base64'])

const formatDoc = 'how bytes are told: as text, or in base64 (default utf8)'

/** Character devices. */
export const chardevCommands = {
  'query-chardev': command({
    since: '0.14',
    doc: 'Tell which character devices there are.',
    args: {},
    returns: list(ChardevInfo),
    examples: [
      example(
        'a machine with one serial port, and the monitor that is asked',
        `
        -> { "execute": "query-chardev" }
        <- { "return": [ { "frontend-open": true, "filename": "unix:qmp.sock,server=on", "label": "compat_monitor0" }, { "frontend-open": true, "filename": "null", "label": "serial0" } ] }`,
        { options: '-nodefaults -serial null' },
      ),
    ],
    preconfig: true,
    run({ chardevs }) {
      return chardevs
        .list()
        .map(({ label, filename, frontendOpen }) => ({ label, filename, 'frontend-open': frontendOpen }))
    },
  }),

  'query-chardev-backends': command({
    since: '2.0',
    doc: 'Tell which kinds of character device there are.',
    args: {},
    returns: list(ChardevBackendInfo),
    examples: [],
    run: () => chardevTypes.toReversed().map((name) => ({ name })),
  }),

  'chardev-add': command({
    since: '1.4',
    doc: 'Make a character device.',
    args: { id: req(str, 'its name'), backend: req(ChardevBackend, 'what it is') },
    returns: ChardevReturn,
    errors: [
      'GenericError, if there is a device with that name',
      'GenericError, if its file, socket or terminal cannot be had',
      'GenericError, if there are no devices of that kind',
    ],
    examples: [
      example(
        'a device that swallows everything',
        `
        -> { "execute": "chardev-add", "arguments": { "id": "nothing", "backend": { "type": "null", "data": {} } } }
        <- { "return": {} }`,
      ),
    ],
    run: ({ chardevs }, { id, backend }, call) => addDevice(chardevs, id, backend, call),
  }),

  'chardev-change': command({
    since: '2.10',
    doc: 'Put another character device in the place of one. A serial port goes on with it.',
    args: { id: req(str, 'name of the device that is there'), backend: req(ChardevBackend, 'what it is to be') },
    returns: ChardevReturn,
    errors: [
      'GenericError, if there is no such device, or it is shared, or a monitor uses it',
      'GenericError, as chardev-add; the device that was there stays if somebody uses it',
    ],
    examples: [
      example(
        'no such device',
        `
        -> { "execute": "chardev-change", "arguments": { "id": "nothing", "backend": { "type": "null", "data": {} } } }
        <- { "error": { "class": "GenericError", "desc": "Chardev 'nothing' does not exist" } }`,
      ),
    ],
    async run({ chardevs }, { id, backend }, call) {
      if (chardevs.isFree(id)) {
        await chardevs.remove(id)
        return addDevice(chardevs, id, backend, call)
      }
      const options = (): ChardevOptions => chardevOptionsOf(id, backend, call.session.descriptors)
      return returned(await chardevs.change(id, options, call.signal))
    },
  }),

  'chardev-remove': command({
    since: '1.4',
    doc: 'Remove a character device that nobody uses.',
    args: { id: req(str, 'name of the device') },
    returns: nothing,
    errors: ['GenericError, if there is no such device', 'GenericError, if it is in use or shared'],
    examples: [
      example(
        'the monitor that is asked uses it',
        `
        -> { "execute": "chardev-remove", "arguments": { "id": "compat_monitor0" } }
        <- { "error": { "class": "GenericError", "desc": "Chardev 'compat_monitor0' is busy" } }`,
      ),
    ],
    async run({ chardevs }, { id }) {
      await chardevs.remove(id)
      return {}
    },
  }),

  'chardev-send-break': command({
    since: '2.10',
    doc: 'Tell who uses a character device of a break.',
    args: { id: req(str, 'name of the device') },
    returns: nothing,
    errors: ['GenericError, if there is no such device'],
    examples: [
      example(
        'no such device',
        `
        -> { "execute": "chardev-send-break", "arguments": { "id": "nothing" } }
        <- { "error": { "class": "GenericError", "desc": "Chardev 'nothing' not found" } }`,
      ),
    ],
    run({ chardevs }, { id }) {
      chardevs.sendBreak(id)
      return {}
    },
  }),

  'ringbuf-write': command({
    since: '1.4',
    doc: 'Add bytes to a device that keeps them (ringbuf); the oldest make room.',
    args: {
      device: req(str, 'name of the device'),
      data: req(str, 'the bytes'),
      format: opt(DataFormat, formatDoc),
    },
    returns: nothing,
    errors: ['GenericError, if there is no such device, or it keeps nothing', 'GenericError, if the data is no base64'],
    examples: [
      example(
        'five bytes',
        `
        -> { "execute": "ringbuf-write", "arguments": { "device": "ring", "data": "aGVsbG8=", "format": "base64" } }
        <- { "return": {} }`,
        { options: '-nodefaults -chardev ringbuf,id=ring' },
      ),
    ],
    run({ chardevs }, { device, data, format }) {
      const ring = chardevs.ring(device)
      ring.put(format === 'base64' ? base64(data) : modifiedUtf8(data), () => undefined)
      return {}
    },
  }),

  'ringbuf-read': command({
    since: '1.4',
    doc: 'Take the oldest bytes out of a device that keeps them (ringbuf).',
    args: {
      device: req(str, 'name of the device'),
      size: req(int.wide, 'how many bytes at most'),
      format: opt(DataFormat, formatDoc),
    },
    returns: str,
    errors: [
      'GenericError, if there is no such device, or it keeps nothing',
      'GenericError, if the size is not above 0',
    ],
    examples: [
      example(
        'nothing has come yet',
        `
        -> { "execute": "ringbuf-read", "arguments": { "device": "ring", "size": 100 } }
        <- { "return": "" }`,
        { options: '-nodefaults -chardev ringbuf,id=ring' },
      ),
    ],
    run({ chardevs }, { device, size, format }) {
      const ring = chardevs.ring(device)
      if (size <= 0) throw new QmpError('GenericError', 'size must be greater than zero')
      const bytes = ring.take(Number(size))
      return format === 'base64' ? Buffer.from(bytes).toString('base64') : textOf(bytes)
    },
  }),

  add_client: clientCommand({
    since: '0.14',
    doc: 'Hand a connected socket, which getfd has given a name, to a character device that waits for a client, to the first VNC display, or to the SPICE server.',
    args: {
      protocol: req(str, 'name of the character device, `vnc` or `spice`'),
      fdname: req(str, 'name of the descriptor; it is closed if nobody takes it'),
      skipauth: opt(bool, 'of displays: the client need not prove who it is, nor speak TLS'),
      tls: opt(bool, 'of SPICE: the client speaks TLS'),
    },
    returns: nothing,
    errors: [
      'GenericError, if no descriptor has that name',
      'GenericError, if there is no such device, or it takes no client now',
      'DeviceNotActive, for `spice` without `-spice`, and for `@dbus-display`',
    ],
    examples: [
      example(
        'no such descriptor',
        `
        -> { "execute": "add_client", "arguments": { "protocol": "vnc", "fdname": "myclient" } }
        <- { "error": { "class": "GenericError", "desc": "File descriptor named 'myclient' has not been found" } }`,
      ),
    ],
    run(parts, { protocol, fdname, skipauth = false, tls = false }, { session }) {
      const fd = session.descriptors.takeNamed(fdname)
      try {
        if (takesClient(parts, { protocol, fd, skipAuth: skipauth, tls })) return {}
      } catch (error) {
        closeSync(fd)
        throw error
      }
      closeSync(fd)
      return {}
    },
  }),
}

type Wish = Infer<typeof ChardevBackend>

async function addDevice(chardevs: Chardevs, id: string, wish: Wish, { session, signal }: Call) {
  if (chardevs.has(id)) throw new QmpError('GenericError', `Chardev with id '${id}' already exists`)
  try {
    return returned(await chardevs.add(chardevOptionsOf(id, wish, session.descriptors), signal))
  } catch (error) {
    if (!(error instanceof QmpError) && !(error instanceof Error && 'kind' in error)) throw error
    throw new QmpError('GenericError', `Failed to add chardev '${id}': ${error.message}`, { cause: error })
  }
}

function returned({ filename }: { readonly filename: string }): Infer<typeof ChardevReturn> {
  return filename.startsWith('pty:') ? { pty: filename.slice('pty:'.length) } : {}
}

function base64(text: string): Uint8Array {
  const bytes = decodeBase64(text)
  if (bytes === undefined) throw new QmpError('GenericError', 'Base64 data contains invalid characters')
  return bytes
}

/** As QEMU keeps texts: UTF-8, but U+0000 in two bytes. */
function modifiedUtf8(text: string): Uint8Array {
  const zero = Buffer.from([0xc0, 0x80])
  return Buffer.concat(text.split('\0').flatMap((part, index) => [...(index > 0 ? [zero] : []), Buffer.from(part)]))
}

/**
 * Whether somebody has taken a client. What is no socket, and what comes to a display that is not there, goes away.
 *
 * @throws {QmpError} if nobody could
 */
function takesClient(
  { chardevs, vncDisplays, spiceServer }: ClientTakers,
  {
    protocol,
    fd,
    skipAuth,
    tls,
  }: { readonly protocol: string; readonly fd: number; readonly skipAuth: boolean; readonly tls: boolean },
): boolean {
  if (protocol === 'spice') {
    const server = spiceInUse(spiceServer)
    if (!isSocket(fd) || !server.addClient(() => openFd(fd), { skipAuth, tls }))
      throw new QmpError('GenericError', 'spice failed to add client')
    return true
  }
  if (protocol === '@dbus-display') throw new QmpError('DeviceNotActive', 'D-Bus display is not in use')
  if (protocol === 'vnc') return isSocket(fd) && vncDisplays.addClient(() => openFd(fd), skipAuth)
  const taken = chardevs.addClient(protocol, fd)
  if (taken === undefined) throw new QmpError('GenericError', `protocol '${protocol}' is invalid`)
  if (!taken) throw new QmpError('GenericError', 'failed to add client')
  return true
}
