import { checkOption, OptionError, type OptionKinds, OptionList } from '../keyval/index.ts'
import { ChardevError } from './chardev-error.ts'
import type { ChardevKeys } from './options.ts'

/** Every option of a character device that QEMU 7.2 knows, whatever the kind of device; and `clients`, which is ours. */
export const chardevOptionKinds: OptionKinds = {
  backend: 'string',
  path: 'string',
  host: 'string',
  port: 'string',
  fd: 'string',
  localaddr: 'string',
  localport: 'string',
  to: 'number',
  ipv4: 'boolean',
  ipv6: 'boolean',
  wait: 'boolean',
  server: 'boolean',
  delay: 'boolean',
  nodelay: 'boolean',
  reconnect: 'number',
  telnet: 'boolean',
  tn3270: 'boolean',
  'tls-creds': 'string',
  'tls-authz': 'string',
  websocket: 'boolean',
  width: 'number',
  height: 'number',
  cols: 'number',
  rows: 'number',
  mux: 'boolean',
  signal: 'boolean',
  name: 'string',
  debug: 'number',
  size: 'size',
  chardev: 'string',
  append: 'boolean',
  logfile: 'string',
  logappend: 'boolean',
  mouse: 'boolean',
  clipboard: 'boolean',
  abstract: 'boolean',
  tight: 'boolean',
  clients: 'number',
}

/**
 * Checks names and values in the order in which they were given, as QEMU does before it looks at what the kind of
 * device needs.
 *
 * @throws {ChardevError} `option`, at the first name that is not known or value that is not of its kind
 */
export function checkedOptions(keys: ChardevKeys): OptionList {
  const items = Object.entries(keys).filter(([name]) => name !== 'id')
  try {
    for (const [name, value] of items) checkOption(name, value, chardevOptionKinds)
  } catch (error) {
    if (error instanceof OptionError) throw new ChardevError('option', error.message, error)
    throw error
  }
  return new OptionList(items, { id: keys['id'] })
}
