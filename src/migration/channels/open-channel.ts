import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { deferred, untilAborted } from '../../async/index.ts'
import {
  type Address,
  connectTo,
  type Duplex,
  listenAt,
  NodeStreamsWire,
  openFd,
  parseInetAddress,
  parseSocketAddress,
  type SocketAddress,
  WireDuplex,
} from '../../transport/index.ts'
import { MigrationError } from '../migration-error.ts'
import type { Secure } from '../surroundings.ts'
import type { Channel } from './channel.ts'
import { CommandChannel } from './command-channel.ts'
import { DuplexChannel } from './duplex-channel.ts'
import { FileChannel } from './file-channel.ts'

/** Where a stream goes, or comes from. */
export type MigrationAddress =
  | { readonly type: 'socket'; readonly address: SocketAddress }
  | { readonly type: 'exec'; readonly command: string }
  /** A descriptor that was passed: it belongs to the channel. */
  | { readonly type: 'fd'; readonly fd: number }
  | { readonly type: 'file'; readonly path: string }

/** Gives the number of a descriptor by the name that a monitor has for it. */
export type TakeDescriptor = (name: string) => number

/**
 * Reads `tcp:HOST:PORT`, `unix:PATH`, `exec:COMMAND`, `fd:NAME` or `file:PATH`.
 *
 * @returns undefined, if it begins with none of these
 * @throws {TransportError} `invalid`, if an address is none, in QEMU's words
 */
export function parseMigrationAddress(uri: string, takeDescriptor: TakeDescriptor): MigrationAddress | undefined {
  const [, scheme, rest = ''] = /^(tcp|unix|exec|fd|file):(.*)$/s.exec(uri) ?? []
  switch (scheme) {
    case 'tcp':
      return { type: 'socket', address: parseInetAddress(rest) }
    case 'unix':
      return { type: 'socket', address: parseSocketAddress(uri) }
    case 'exec':
      return { type: 'exec', command: rest }
    case 'fd':
      return { type: 'fd', fd: takeDescriptor(rest) }
    case 'file':
      return { type: 'file', path: rest }
    default:
      return undefined
  }
}

/**
 * Opens the way out.
 *
 * @param secure - what secures a socket, given the name of the host at the other side; undefined for nothing
 * @throws {TransportError | MigrationError} if it cannot be had
 */
export async function openOutgoing(
  address: MigrationAddress,
  signal: AbortSignal,
  secure: (hostname: string | undefined) => Secure | undefined,
): Promise<Channel> {
  switch (address.type) {
    case 'socket':
      return connected(await connectTo(address.address, { signal }), () => secure(hostOf(address.address)), signal)
    case 'exec': {
      const securing = secure(undefined)
      return CommandChannel.start(address.command, 'out', securing && ((plain) => secured(plain, securing, signal)))
    }
    case 'fd':
      return descriptorChannel(address.fd, 'out', {
        ofSocket: (duplex) => connected(duplex, () => secure(undefined), signal),
        requirePlain: () => requirePlain(secure(undefined)),
      })
    case 'file':
      requirePlain(secure(undefined))
      return FileChannel.open(address.path, 'out')
  }
}

/** Waits for a stream to come in. */
export interface IncomingDoor {
  /** The first that comes. @throws {TransportError | MigrationError} if it cannot be had */
  readonly channel: Promise<Channel>
  /** Where it listens, if it does. */
  readonly address: Address | undefined
  close(): Promise<void>
}

/** How those who come are met. */
export interface Reception {
  /** What secures a socket; asked when somebody comes, and undefined for nothing. @throws {TransportError} `tls` */
  readonly secure: () => Secure | undefined
  /** Hears why somebody was sent away; the next one may come. */
  readonly complain: (text: string) => void
  readonly signal: AbortSignal
}

/** Opens the way in: sockets listen when this returns. @throws {TransportError | MigrationError} if it cannot be had */
export async function openIncoming(address: MigrationAddress, reception: Reception): Promise<IncomingDoor> {
  switch (address.type) {
    case 'socket': {
      const accepted = deferred<Channel>()
      const listener = await listenAt(address.address, {
        accept: (connection) => {
          receive(connection, reception).then(
            (channel) => {
              accepted.resolve(channel)
              void listener.close()
            },
            (error: Error) => {
              connection.destroy()
              reception.complain(error.message)
            },
          )
        },
      })
      return { channel: accepted.promise, address: listener.address, close: () => listener.close() }
    }
    case 'exec': {
      const { signal } = reception
      const securing = reception.secure()
      const secureIt = securing && ((plain: Duplex) => secured(plain, securing, signal))
      const started = CommandChannel.start(address.command, 'in', secureIt)
      return opened(securing === undefined ? await started : started)
    }
    case 'fd':
      return opened(
        await descriptorChannel(address.fd, 'in', {
          ofSocket: (duplex) => receive(duplex, reception),
          requirePlain: () => requirePlain(reception.secure()),
        }),
      )
    case 'file':
      requirePlain(reception.secure())
      return opened(await FileChannel.open(address.path, 'in'))
  }
}

function opened(channel: Channel | Promise<Channel>): IncomingDoor {
  return { channel: Promise.resolve(channel), address: undefined, close: async () => undefined }
}

async function receive(connection: Duplex, { secure, signal }: Reception): Promise<Channel> {
  return connected(connection, secure, signal)
}

/** @throws {TransportError} `tls`, in QEMU's words, if the two sides cannot agree */
async function connected(duplex: Duplex, find: () => Secure | undefined, signal: AbortSignal): Promise<Channel> {
  try {
    const secure = find()
    return socketChannel(secure === undefined ? duplex : await secured(duplex, secure, signal))
  } catch (error) {
    duplex.destroy()
    throw error
  }
}

/** @throws {TransportError} `tls`, in QEMU's words, if the two sides cannot agree */
async function secured(duplex: Duplex, secure: Secure, signal: AbortSignal): Promise<Duplex> {
  const giveUp = (): void => duplex.destroy()
  signal.addEventListener('abort', giveUp)
  try {
    return (await untilAborted(secure(duplex), signal)).stream
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

/** @throws {MigrationError} `channel`, if what is to be encrypted would go where nobody can answer */
function requirePlain(secure: Secure | undefined): void {
  if (secure !== undefined) throw new MigrationError('channel', 'TLS needs a socket or a command, which can answer')
}

function hostOf(address: SocketAddress): string | undefined {
  return address.type === 'inet' ? address.host : undefined
}

function socketChannel(duplex: Duplex): Channel {
  return new DuplexChannel(duplex, { answers: true, noun: 'socket' })
}

/** @throws {MigrationError} `channel`, if nothing is open under that number */
async function descriptorChannel(
  fd: number,
  direction: 'out' | 'in',
  { ofSocket, requirePlain: check }: { ofSocket: (duplex: Duplex) => Promise<Channel>; requirePlain: () => void },
): Promise<Channel> {
  let stat: ReturnType<typeof fstatSync>
  try {
    stat = fstatSync(fd)
  } catch (error) {
    throw new MigrationError('channel', `File descriptor '${fd}' is not open`, error)
  }
  if (stat.isSocket()) return ofSocket(openFd(fd))
  check()
  if (!stat.isFIFO() && !stat.isCharacterDevice()) return FileChannel.of(fd)
  const pipe = new Socket({ fd, readable: direction === 'in', writable: direction === 'out' })
  const wire = new NodeStreamsWire({
    input: direction === 'in' ? pipe : undefined,
    output: pipe,
    release: () => pipe.destroy(),
  })
  return new DuplexChannel(new WireDuplex(wire, { kind: 'pipe' }), {
    answers: false,
    noun: 'file',
    isPipe: stat.isFIFO(),
  })
}
