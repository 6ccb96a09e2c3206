import { OptionError, type OptionKinds, type OptionList } from '../keyval/index.ts'
import { ownEntry } from '../lookup/index.ts'
import { ChannelType } from '../spice/index.ts'
import type { ChannelSecurity } from './link-in.ts'

/** What `-spice` takes, with the kinds of its values. */
export const spiceOptionKinds: OptionKinds = {
  port: 'number',
  'tls-port': 'number',
  addr: 'string',
  ipv4: 'boolean',
  ipv6: 'boolean',
  unix: 'boolean',
  password: 'string',
  'password-secret': 'string',
  'disable-ticketing': 'boolean',
  'disable-copy-paste': 'boolean',
  'disable-agent-file-xfer': 'boolean',
  sasl: 'boolean',
  'x509-dir': 'string',
  'x509-key-file': 'string',
  'x509-key-password': 'string',
  'x509-cert-file': 'string',
  'x509-cacert-file': 'string',
  'x509-dh-key-file': 'string',
  'tls-ciphers': 'string',
  'tls-channel': 'string',
  'plaintext-channel': 'string',
  'image-compression': 'string',
  'jpeg-wan-compression': 'string',
  'zlib-glz-wan-compression': 'string',
  'streaming-video': 'string',
  'agent-mouse': 'boolean',
  'playback-compression': 'boolean',
  'seamless-migration': 'boolean',
  display: 'string',
  head: 'number',
  gl: 'boolean',
  rendernode: 'string',
}

/** What `-spice` says, in all its options together. */
export interface SpiceConfig {
  readonly port: number | undefined
  readonly tlsPort: number | undefined
  /** What is told of where it listens: a name, an address, a path, or `*`. */
  readonly host: string
  /** Undefined for every address of this machine. */
  readonly address: string | undefined
  readonly ipv4: boolean
  readonly ipv6: boolean
  /** Path of the socket that it listens at. */
  readonly unix: string | undefined
  /** Clients have to know a password. */
  readonly ticketing: boolean
  readonly password: string | undefined
  /** Id of the secret that is the password. */
  readonly passwordSecret: string | undefined
  /** What the port for TLS shows; undefined if there is none. */
  readonly tls: SpiceTlsFiles | undefined
  /** Kinds of channels that must be encrypted, or must not. */
  readonly security: ReadonlyMap<number, ChannelSecurity>
  readonly usualSecurity: ChannelSecurity
  /** Pictures are sent in fewer bytes. */
  readonly compressed: boolean
  /** Id of the device that has the screen, and which of its outputs it is. */
  readonly device: string | undefined
  readonly head: number
}

/** Files in PEM. */
export interface SpiceTlsFiles {
  readonly certificate: string
  readonly key: string
  readonly keyPassword: string | undefined
  readonly authorities: string
  readonly dhParameters: string | undefined
  readonly ciphers: string | undefined
}

/** Kinds of channels by the names that options have for them; those without a number are not here. */
const channelNames: Readonly<Record<string, number | undefined>> = {
  ...ChannelType,
  ...{ playback: undefined, record: undefined, smartcard: undefined, usbredir: undefined, webdav: undefined },
}
const compressions = ['off', 'auto_glz', 'auto_lz', 'quic', 'glz', 'lz']
const wanCompressions = ['auto', 'never', 'always']
const streamControls = ['off', 'all', 'filter']

/**
 * Reads what `-spice` says.
 *
 * @param warn - hears of what should not be said any more
 * @throws {OptionError} in QEMU's words
 */
export function spiceConfigOf(list: OptionList, warn: (text: string) => void): SpiceConfig {
  const [port, tlsPort] = [portOf(list, 'port'), portOf(list, 'tls-port')]
  const passwordSecret = list.get('password-secret')
  const password = list.get('password')
  if (passwordSecret !== undefined && password !== undefined)
    throw new OptionError("'password' option is mutually exclusive with 'password-secret'")
  if (password !== undefined)
    warn("warning: 'password' option is deprecated and insecure, use 'password-secret' instead")
  if (list.boolean('sasl') === true) throw new OptionError('spice: failed to enable sasl')
  const compression = oneOf(list, 'image-compression', compressions, 'spice: invalid image compression')
  oneOf(list, 'jpeg-wan-compression', wanCompressions, 'spice: invalid wan compression')
  oneOf(list, 'zlib-glz-wan-compression', wanCompressions, 'spice: invalid wan compression')
  oneOf(list, 'streaming-video', streamControls, 'spice: invalid stream video control')
  const security = securityOf(list, tlsPort)
  if (list.boolean('gl') === true) throw new OptionError(noGl(port !== undefined || tlsPort !== undefined))
  const address = list.get('addr') || undefined
  const unix = list.boolean('unix') === true
  return {
    ...(unix ? { port: undefined, tlsPort: undefined } : { port, tlsPort }),
    host: list.get('addr') ?? '*',
    address,
    ipv4: list.boolean('ipv4') === true,
    ipv6: list.boolean('ipv6') === true,
    unix: unix ? address : undefined,
    ticketing: list.boolean('disable-ticketing') !== true,
    password,
    passwordSecret,
    tls: tlsPort === undefined || unix ? undefined : tlsFilesOf(list),
    ...security,
    compressed: compression !== 'off',
    device: list.get('display'),
    head: Number(list.number('head') ?? 0),
  }
}

/** @returns undefined for 0, which is none */
function portOf(list: OptionList, name: 'port' | 'tls-port'): number | undefined {
  // As QEMU has it: a number of 64 bits without a sign, of which 32 with one are left.
  const port = Number(BigInt.asIntN(32, list.number(name) ?? 0n))
  if (port < 0 || port > 65535) throw new OptionError(`spice ${name} is out of range`)
  return port === 0 ? undefined : port
}

function oneOf(list: OptionList, name: string, words: readonly string[], complaint: string): string | undefined {
  const word = list.get(name)
  if (word !== undefined && !words.includes(word)) throw new OptionError(`${complaint}: ${word}`)
  return word
}

function securityOf(list: OptionList, tlsPort: number | undefined): Pick<SpiceConfig, 'security' | 'usualSecurity'> {
  const security = new Map<number, ChannelSecurity>()
  let usualSecurity: ChannelSecurity = 'any'
  for (const [name, value] of list.items) {
    if (name !== 'tls-channel' && name !== 'plaintext-channel') continue
    const wanted = name === 'tls-channel' ? 'tls' : 'plain'
    if (wanted === 'tls' && tlsPort === undefined)
      throw new OptionError('spice: tried to setup tls-channel without specifying a TLS port')
    if (value === 'default') {
      usualSecurity = wanted
      continue
    }
    if (!Object.hasOwn(channelNames, value)) throw new OptionError(`spice: failed to set channel security for ${value}`)
    const type = ownEntry(channelNames, value)
    if (type !== undefined) security.set(type, wanted)
  }
  return { security, usualSecurity }
}

function tlsFilesOf(list: OptionList): SpiceTlsFiles {
  const folder = list.get('x509-dir') ?? '.'
  return {
    certificate: list.get('x509-cert-file') ?? `${folder}/server-cert.pem`,
    key: list.get('x509-key-file') ?? `${folder}/server-key.pem`,
    keyPassword: list.get('x509-key-password'),
    authorities: list.get('x509-cacert-file') ?? `${folder}/ca-cert.pem`,
    dhParameters: list.get('x509-dh-key-file'),
    ciphers: list.get('tls-ciphers'),
  }
}

function noGl(listens: boolean): string {
  return listens
    ? 'SPICE GL support is local-only for now and incompatible with -spice port/tls-port'
    : 'gl=on is not available: there is no OpenGL'
}
