import { createHash, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'

/** What a link allows: everything, or only to look. */
export type Rights = 'control' | 'watch'

const tokenBytes = 24

/** The links of a server, and who may use them from where. */
export class Access {
  /** The secret words of the links. */
  readonly tokens: Readonly<Record<Rights, string>>
  readonly #rights: ReadonlyMap<string, Rights>
  readonly #host: string

  /** @param host - the name or address that the server was asked to listen at */
  constructor(host: string) {
    this.#host = host
    this.tokens = { control: newToken(), watch: newToken() }
    this.#rights = new Map([
      [hash(this.tokens.control), 'control'],
      [hash(this.tokens.watch), 'watch'],
    ])
  }

  /** What a token allows. By its hash: how long that takes says nothing of the token. */
  rightsOf(token: string): Rights | undefined {
    return this.#rights.get(hash(token))
  }

  /**
   * Whether a browser has asked for this server by a name that is the server's own. A page from elsewhere that has let
   * its name point here is refused by that.
   *
   * @param header - the request's `Host`
   */
  knowsHost(header: string | undefined): boolean {
    const name = hostNameOf(header)
    if (name === undefined) return false
    if (name === this.#host.toLowerCase()) return true
    // Who listens on every address is reached by each of them.
    const everywhere = ['0.0.0.0', '::'].includes(this.#host)
    return name === 'localhost' || name === '127.0.0.1' || name === '::1' || (everywhere && isIP(name) !== 0)
  }

  /** Whether the page that opens a WebSocket is this server's own. */
  isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
    return origin !== undefined && host !== undefined && origin.toLowerCase() === `http://${host.toLowerCase()}`
  }
}

function hostNameOf(header: string | undefined): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header ?? '') ?? []
  return (bracketed ?? plain)?.toLowerCase()
}

const newToken = (): string => randomBytes(tokenBytes).toString('base64url')
const hash = (token: string): string => createHash('sha256').update(token).digest('hex')
