import { OptionError, parseOptionList } from '../keyval/index.ts'
import { ChardevError } from './chardev-error.ts'
import { chardevOptionKinds } from './option-values.ts'
import type { ChardevKeys } from './options.ts'

/** What a shorthand stands for: options of a new device, or the label of one that is there. */
export type Shorthand =
  | { readonly type: 'new'; readonly keys: ChardevKeys }
  | { readonly type: 'existing'; readonly label: string }

/** Devices that are asked for by their name alone. */
const plainNames = ['null', 'pty', 'msmouse', 'wctablet', 'braille', 'testdev', 'stdio', 'vc']

/**
 * Reads the one-word syntax of `-serial` and `-qmp`: `unix:PATH,server=on,wait=off`, `tcp:HOST:PORT,...`, `telnet:...`,
 * `stdio`, `null`, `vc`, `file:PATH`, `pipe:PATH`, `chardev:ID`, with QEMU's old forms `server,nowait`. What it gives
 * has no `id` yet, and goes to `readChardevOptions`. (`none`, which `-serial` knows, makes no device.)
 *
 * @throws {ChardevError} `parse`, if it means nothing (the message is empty where QEMU's is too: the option's own line,
 *   `parse error: TEXT` and the like, is for the caller to add)
 */
export function parseChardevShorthand(text: string): Shorthand {
  if (text.startsWith('chardev:')) return { type: 'existing', label: text.slice('chardev:'.length) }
  try {
    return { type: 'new', keys: readKeys(text) }
  } catch (error) {
    if (error instanceof OptionError) throw new ChardevError('parse', error.message, error)
    throw error
  }
}

function readKeys(text: string): ChardevKeys {
  if (plainNames.includes(text)) return { backend: text }
  if (text === 'con:') return { backend: 'console' }
  if (/^\/dev\/(parport|ppi)/.test(text)) return { backend: 'parallel', path: text }
  if (text.startsWith('/dev/')) return { backend: 'serial', path: text }
  const [, prefix = '', rest = ''] = /^([a-z0-9]+):(.*)$/s.exec(text) ?? []
  switch (prefix) {
    case 'mon':
      return { ...readKeys(rest), mux: 'on' }
    case 'vc':
      return { backend: 'vc' }
    case 'file':
    case 'pipe':
      return { backend: prefix, path: rest }
    case 'unix':
      return { backend: 'socket', ...readList(rest, 'path') }
    case 'tcp':
      return { backend: 'socket', ...readInet(rest) }
    case 'telnet':
    case 'tn3270':
    case 'websocket':
      return { backend: 'socket', ...readInet(rest), [prefix]: 'on' }
    case 'udp':
      return readUdp(rest)
    default:
      throw new ChardevError('parse', `'${text}' is not a valid char driver`)
  }
}

/** Reads `HOST:PORT@LOCALADDR:LOCALPORT`, of which the second half may be missing. */
function readUdp(text: string): ChardevKeys {
  const match = /^([^:]{0,64}):([^@,]{1,32})(?:@(?:([^:,]{0,64}):)?([^,]{1,32}))?$/s.exec(text)
  if (match === null || (text.includes('@') && !/@[^@]*:/.test(text))) throw new ChardevError('parse', '')
  const [, host = '', port = '', localaddr, localport] = match
  return {
    backend: 'udp',
    host,
    port,
    ...(localaddr === undefined ? {} : { localaddr }),
    ...(localport === undefined ? {} : { localport }),
  }
}

/** Reads `HOST:PORT,...` or `:PORT,...`; an IPv6 address stands in brackets. */
function readInet(text: string): ChardevKeys {
  const match = /^(?:\[([^\]]*)\]|([^:]{0,64})):([^,]{1,32})(?:,(.*))?$/s.exec(text)
  if (match === null) throw new ChardevError('parse', '')
  const [, address, name, port = '', rest] = match
  return { host: address ?? name ?? '', port, ...(rest === undefined ? {} : readList(rest)) }
}

/** Reads `name=value,name=value`; a label among them does not count, as the device is named by its place. */
function readList(text: string, impliedName?: string): ChardevKeys {
  const rules = impliedName === undefined ? { kinds: chardevOptionKinds } : { kinds: chardevOptionKinds, impliedName }
  return Object.fromEntries(parseOptionList(text, rules).items)
}
