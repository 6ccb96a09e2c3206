import type { InetTarget } from '../transport/index.ts'
import type { ChardevError } from './chardev-error.ts'

/** How a character device is to be made. */
export interface ChardevOptions {
  /** The name under which the device is known. */
  readonly label: string
  readonly backend: Backend
  /** Whether several front ends may share it. */
  readonly mux?: boolean
  /** A file that gets a copy of what is sent to the device. */
  readonly log?: { readonly path: string; readonly append: boolean }
}

/** What a character device is on the host's side. */
export type Backend =
  | SocketBackend
  | { readonly type: 'stdio' /** Whether Ctrl-C still interrupts the program. */; readonly signal: boolean }
  /** What comes in is read from `input`, if there is one. */
  | { readonly type: 'file'; readonly path: string; readonly append: boolean; readonly input?: string }
  /** Two pipes `PATH.in` and `PATH.out`, or one for both ways. */
  | { readonly type: 'pipe'; readonly path: string }
  | { readonly type: 'pty' }
  /** Keeps the last `size` bytes; a power of two. The second name is the older one. */
  | { readonly type: 'ringbuf' | 'memory'; readonly size: number }
  /** Datagrams to and from one address. */
  | { readonly type: 'udp'; readonly remote: InetTarget; readonly local: InetTarget | undefined }
  /** Shares another device, which must be there already. */
  | { readonly type: 'mux'; readonly base: string }
  /** A port of the host, which this program does not use: it is looked for, so that QEMU's complaint comes first. */
  | { readonly type: 'serial' | 'parallel'; readonly path: string }
  /** Swallows everything. */
  | { readonly type: 'null' }
  /** A text console that no display shows: swallows everything. */
  | { readonly type: 'vc' }

/** A socket, listening (`server`) or connecting. */
export interface SocketBackend {
  readonly type: 'socket'
  readonly address: SocketTarget
  readonly server: boolean
  /** Whether the machine waits for the first client before it starts; a server's matter. */
  readonly wait: boolean
  readonly telnet: boolean
  /** Whether clients are to ask for a WebSocket first; a server's matter. */
  readonly websocket?: boolean
  readonly tls?: SocketTls
  /** Seconds after which a lost connection is tried again, 0 for never; a client's matter. */
  readonly reconnect: number
  /** How many clients are served at once, if the front end can; the others wait. Undefined: as many as the front end can. */
  readonly clients: number | undefined
}

/** How a socket is secured. */
export interface SocketTls {
  /** Id of the object with what streams are secured with. */
  readonly creds: string
  /** Id of the object that is asked who may come. */
  readonly authz: string | undefined
  /** What is wrong with the socket besides; told if there are such credentials. */
  readonly problem: ChardevError | undefined
}

export type SocketTarget =
  | { readonly type: 'unix'; readonly path: string }
  | ({ readonly type: 'inet' } & Required<Pick<InetTarget, 'host' | 'port'>> & InetTarget)
  /** A socket that the parent process has left open. */
  | { readonly type: 'fd'; readonly fd: number }

/**
 * The options of a device by QEMU's names, with the kind of device under `backend` and the label under `id`, as they
 * come from the command line.
 */
export type ChardevKeys = Readonly<Record<string, string>>
