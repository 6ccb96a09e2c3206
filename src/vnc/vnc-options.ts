import { OptionError, type OptionKinds, type OptionList, parseOptionList } from '../keyval/index.ts'

/** What `-vnc` takes, with the kinds of its values. */
export const vncOptionKinds: OptionKinds = {
  vnc: 'string',
  websocket: 'string',
  'tls-creds': 'string',
  share: 'string',
  display: 'string',
  head: 'number',
  connections: 'number',
  to: 'number',
  ipv4: 'boolean',
  ipv6: 'boolean',
  password: 'boolean',
  'password-secret': 'string',
  reverse: 'boolean',
  'lock-key-sync': 'boolean',
  'key-delay-ms': 'number',
  sasl: 'boolean',
  'tls-authz': 'string',
  'sasl-authz': 'string',
  lossy: 'boolean',
  'non-adaptive': 'boolean',
  audiodev: 'string',
  'power-control': 'boolean',
}

const sharePolicies = ['ignore', 'allow-exclusive', 'force-shared'] as const
/** What is done when a client wants the screen for itself: nothing; others leave; it is not served. */
export type SharePolicy = (typeof sharePolicies)[number]

/** Where a display is served. */
export type VncAddress =
  | { readonly type: 'unix'; readonly path: string }
  | {
      readonly type: 'inet'
      readonly host: string
      /** A number, or what was written instead. */
      readonly port: string
      /** The last port to try. */
      readonly to?: number
      readonly ipv4?: boolean
      readonly ipv6?: boolean
    }

/** A display as `-vnc` describes it. */
export interface VncDisplayConfig {
  readonly id: string
  readonly addresses: readonly VncAddress[]
  /** For browsers. */
  readonly websockets: readonly VncAddress[]
  /** A viewer that waits for us is connected to, instead. */
  readonly reverse: boolean
  /** Where it listens is told: the user has not said which port it is. */
  readonly told: boolean
  readonly password: boolean
  /** Id of the secret that is the password. */
  readonly passwordSecret: string | undefined
  readonly share: SharePolicy
  /** How many clients there may be. */
  readonly connections: number
  /** Id of the device that has the screen, and which of its outputs it is. */
  readonly device: string | undefined
  readonly head: number
  /** A guest whose Caps Lock and Num Lock differ from the viewer's is brought into line. */
  readonly lockKeySync: boolean
  /** Viewers may shut down, reboot and reset the machine. */
  readonly powerControl: boolean
  /** Id of the audio back end whose sound viewers would hear. */
  readonly audio: string | undefined
  readonly tls?: {
    /** Id of the object with what streams are secured with. */
    readonly creds: string
    /** Id of the object that is asked who may come. */
    readonly authz: string | undefined
    /** What is wrong with the display besides; told if there are such credentials. */
    readonly problem: OptionError | undefined
  }
}

const firstPort = { vnc: 5900, websocket: 5700 } as const
const usualConnections = 32

/**
 * Reads what `-vnc` says.
 *
 * @param id - for a display that has none
 * @throws {OptionError} in QEMU's words
 */
export function vncDisplayOf(list: OptionList, id: string): VncDisplayConfig {
  const said = list.get('vnc')
  const reverse = list.boolean('reverse') ?? false
  const { addresses, websockets } = said === undefined || said === 'none' ? nowhere : addressesOf(list, said, reverse)
  const passwordSecret = list.get('password-secret')
  if (passwordSecret !== undefined && list.get('password') !== undefined)
    throw new OptionError("'password' flag is redundant with 'password-secret'")
  if (list.boolean('sasl') === true) throw new OptionError('VNC SASL auth requires cyrus-sasl support')
  const tlsCreds = list.get('tls-creds')
  const authz = list.get('tls-authz')
  if (tlsCreds === undefined && authz !== undefined)
    throw new OptionError("'tls-authz' provided but TLS is not enabled")
  const problem = problemOf(list)
  // Whether there are such credentials is what QEMU looks at first.
  if (tlsCreds === undefined && problem !== undefined) throw problem
  const share = list.get('share') ?? 'allow-exclusive'
  return {
    id: list.id ?? id,
    addresses,
    websockets,
    reverse,
    told: list.get('to') !== undefined && addresses.some(({ type }) => type === 'inet'),
    password: passwordSecret !== undefined || (list.boolean('password') ?? false),
    passwordSecret,
    share: isSharePolicy(share) ? share : 'ignore',
    connections: Number(list.number('connections') ?? usualConnections),
    device: list.get('display'),
    head: Number(list.number('head') ?? 0),
    lockKeySync: list.boolean('lock-key-sync') ?? true,
    powerControl: list.boolean('power-control') ?? false,
    audio: list.get('audiodev'),
    ...(tlsCreds !== undefined && { tls: { creds: tlsCreds, authz, problem } }),
  }
}

function problemOf(list: OptionList): OptionError | undefined {
  if (list.get('sasl-authz') !== undefined) return new OptionError("'sasl-authz' provided but SASL auth is not enabled")
  const share = list.get('share')
  if (share !== undefined && !isSharePolicy(share)) return new OptionError('unknown vnc share= option')
  return undefined
}

/** The display of somebody who asks for nothing: the first one that is free, on this machine alone. */
export const usualDisplay = 'localhost:0,to=99,id=default'

/**
 * Where a display listens, as `-vnc` says it.
 *
 * @throws {OptionError} in QEMU's words
 */
export function vncAddressesOf(text: string): readonly VncAddress[] {
  const list = parseOptionList(text, { kinds: vncOptionKinds, impliedName: 'vnc' })
  return vncDisplayOf(list, 'default').addresses
}

const nowhere = { addresses: [], websockets: [] } as const

/** A display that nobody connects to: viewers are handed to it. */
export const unlistedDisplay: VncDisplayConfig = vncDisplayOf(
  parseOptionList('none,share=force-shared', { kinds: vncOptionKinds, impliedName: 'vnc' }),
  'page',
)

function isSharePolicy(text: string): text is SharePolicy {
  return (sharePolicies as readonly string[]).includes(text)
}

interface AddressWords {
  readonly list: OptionList
  readonly reverse: boolean
  readonly to: number | undefined
}

function addressesOf(
  list: OptionList,
  said: string,
  reverse: boolean,
): { addresses: readonly VncAddress[]; websockets: readonly VncAddress[] } {
  // QEMU counts in 32 bits.
  const last = Number(BigInt.asIntN(32, list.number('to') ?? 0n))
  const words: AddressWords = { list, reverse, to: last === 0 ? undefined : last }
  const { address, display } = vncAddressOf(said, words)
  const websocket = list.get('websocket')
  if (websocket === undefined) return { addresses: [address], websockets: [] }
  if (reverse) throw new OptionError('Cannot use websockets in reverse mode')
  const other = websocketAddressOf(websocket, display, words)
  const host = other.host === '' && address.type === 'inet' ? address.host : other.host
  return { addresses: [address], websockets: [{ ...other, host }] }
}

function vncAddressOf(text: string, { list, reverse, to }: AddressWords): { address: VncAddress; display: number } {
  if (text.startsWith('unix:')) {
    if (to !== undefined) throw new OptionError('Port range not support with UNIX socket')
    return { address: { type: 'unix', path: text.slice('unix:'.length) }, display: 0 }
  }
  const colon = text.lastIndexOf(':')
  if (colon < 0) throw new OptionError('no vnc port specified')
  const port = text.slice(colon + 1)
  if (port === '') throw new OptionError('vnc port cannot be empty')
  const offset = reverse ? 0 : firstPort.vnc
  const digits = /^\s*\+?(\d+)$/.exec(port)?.[1]
  if (digits === undefined || BigInt(digits) >= 1n << 64n) throw new OptionError(`can't convert to a number: ${port}`)
  const display = Number(digits)
  if (display + offset > 65535) throw new OptionError(`port ${port} out of range`)
  return {
    address: inet(text.slice(0, colon), String(display + offset), portAfter(to, offset), list),
    display,
  }
}

/** `on`, or nothing, for a port that goes with the display's; or a port, maybe with a host in front of it. */
function websocketAddressOf(text: string, display: number, { list, to }: AddressWords): VncAddress & { type: 'inet' } {
  if (text.startsWith('unix:')) throw new OptionError('UNIX sockets not supported with websock')
  const offset = firstPort.websocket
  if (text === 'on' || text === '') return inet('', String(display + offset), portAfter(to, offset), list)
  const colon = text.lastIndexOf(':')
  if (colon === text.length - 1) throw new OptionError('vnc port cannot be empty')
  return inet(colon < 0 ? '' : text.slice(0, colon), text.slice(colon + 1), undefined, list)
}

/** Of the last display to try: a port has 16 bits. */
function portAfter(display: number | undefined, offset: number): number | undefined {
  return display === undefined ? undefined : (display + offset) & 0xffff
}

function inet(host: string, port: string, to: number | undefined, list: OptionList): VncAddress & { type: 'inet' } {
  const [ipv4, ipv6] = [list.boolean('ipv4'), list.boolean('ipv6')]
  return {
    type: 'inet',
    host: host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host,
    port,
    ...(to !== undefined && { to }),
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
  }
}
