import { QmpError } from '../qapi/index.ts'
import {
  type Duplex,
  type RecordOptions,
  type SecureStream,
  secured,
  type TlsCredentials,
  TransportError,
} from '../transport/index.ts'
import type { MadeObject } from './object-kind.ts'

/** An object that is there, and what kind it is. */
export interface KnownObject extends MadeObject {
  readonly type: string
}

/** Secures a stream: whoever comes by it is asked who they are. */
export type Securing = (plain: Duplex) => Promise<SecureStream>

/** What users' objects do for others: they are passwords, they secure streams, they say who may come. */
export class ObjectServices {
  readonly #find: (id: string) => KnownObject | undefined

  constructor(find: (id: string) => KnownObject | undefined) {
    this.#find = find
  }

  /** The password that an object is; undefined if there is none of that name. */
  password(id: string): Uint8Array | undefined {
    return this.#find(id)?.password?.()
  }

  /**
   * What streams are secured with.
   *
   * @throws {TransportError} `tls`, in QEMU's words, if there is nothing of that name, or it is not for that end
   */
  credentials(id: string, endpoint: TlsCredentials['endpoint']): TlsCredentials {
    const made = this.#find(id)
    if (made === undefined) throw new TransportError('tls', `No TLS credentials with id '${id}'`)
    const found = made.credentials?.()
    if (found === undefined) throw new TransportError('tls', `Object with id '${id}' is not TLS credentials`)
    if (found.endpoint === endpoint) return found
    throw new TransportError('tls', `Expected TLS credentials for a ${endpoint} endpoint`)
  }

  /** Reads the files of credentials again. @throws {QmpError} in QEMU's words; nothing has changed then */
  reloadCredentials(id: string): void {
    const made = this.#find(id)
    if (made?.reload !== undefined) made.reload()
    else throw new QmpError('GenericError', `${made?.type ?? id} doesn't support to reload TLS credential`)
  }

  /** Asks an object whether somebody may come. @throws {TransportError} `tls`, in QEMU's words, if it does not know */
  authorizes(id: string, name: string): boolean {
    const made = this.#find(id)
    if (made === undefined) throw new TransportError('tls', `Cannot find QAuthZ object ID ${id}`)
    if (made.authorizes !== undefined) return made.authorizes(name)
    throw new TransportError('tls', `Object '${id}' is not a QAuthZ subclass`)
  }

  /**
   * What secures the streams of those who come.
   *
   * @param authz - the object that is asked whether they may
   * @param records - how what is said to them goes
   * @throws {TransportError} `tls`, in QEMU's words, as `credentials()`
   */
  securingServer(id: string, authz?: string, records: RecordOptions = {}): Securing {
    const credentials = this.credentials(id, 'server')
    const wish = authz === undefined ? {} : { authorize: (name: string) => this.authorizes(authz, name) }
    return (plain) => secured(plain, credentials, wish, records)
  }

  /**
   * What secures streams to others.
   *
   * @param hostname - the name that the certificate of the other side must have
   * @throws {TransportError} `tls`, in QEMU's words, as `credentials()`
   */
  securingClient(id: string, hostname?: string): Securing {
    const credentials = this.credentials(id, 'client')
    return (plain) => secured(plain, credentials, { hostname })
  }
}
