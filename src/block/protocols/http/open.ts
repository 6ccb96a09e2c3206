import { BlockError } from '../../block-error.ts'
import type { OpenRequest, ProtocolDefinition } from '../../open/driver.ts'
import { HttpClient } from './http-client.ts'
import { HttpDriver } from './http-driver.ts'

const defaultAhead = 256 * 1024
const sector = 512
/** Seconds. */
const [defaultTimeout, longestTimeout] = [5, 10_000]

export const http: ProtocolDefinition = define('http')
export const https: ProtocolDefinition = define('https')

/** Files on web servers, as QEMU's curl driver has them: the server must know ranges. */
function define(name: 'http' | 'https'): ProtocolDefinition {
  return {
    name,
    prefix: name,
    parseFilename: (filename) => ({ url: filename }),

    async open({ options, secret }: OpenRequest): Promise<HttpDriver> {
      const given = options.pick(['url', 'sslverify', 'username', 'password-secret', 'cookie', 'cookie-secret'])
      const ahead = options.takeSize('readahead') ?? defaultAhead
      if (ahead % sector !== 0) throw invalid(`HTTP_READAHEAD_SIZE ${ahead} is not a multiple of 512`)
      const timeout = options.takeInteger('timeout') ?? defaultTimeout
      if (timeout < 0 || timeout > longestTimeout) throw invalid('timeout parameter is too large or negative')
      const verify = options.takeBoolean('sslverify') ?? true
      const headers = await readHeaders(options, secret)
      const url = options.takeString('url')
      if (url === undefined) throw invalid("curl block driver requires an 'url' option")
      if (!url.startsWith(`${name}://`)) {
        throw invalid(`${name} curl driver cannot handle the URL '${url}' (does not start with '${name}://')`)
      }
      const client = new HttpClient(parseUrl(url), { timeoutMs: (timeout || longestTimeout) * 1000, verify, headers })
      try {
        const { length: bytes } = await client.look()
        return new HttpDriver(name, client, { bytes, ahead, given })
      } catch (cause) {
        client.close()
        if (!(cause instanceof BlockError)) throw cause
        throw new BlockError('io', `CURL: Error opening file: ${cause.message}`, { filename: url }, { cause })
      }
    },
  }
}

/** Who asks, and what the server has told them to say. */
async function readHeaders(
  options: OpenRequest['options'],
  secret: OpenRequest['secret'],
): Promise<Record<string, string>> {
  const text = async (option: string): Promise<string | undefined> => {
    const id = options.takeString(option)
    if (id === undefined) return undefined
    const found = await secret(id)
    if (found === undefined) throw new BlockError('missing', `No secret with id '${id}'`, { option })
    return Buffer.from(found).toString()
  }
  const username = options.takeString('username')
  const password = await text('password-secret')
  const plainCookie = options.takeString('cookie')
  const secretCookie = await text('cookie-secret')
  if (plainCookie !== undefined && secretCookie !== undefined) {
    throw invalid('curl driver cannot handle both cookie and cookie secret')
  }
  const cookie = plainCookie ?? secretCookie
  const credentials = username === undefined ? undefined : Buffer.from(`${username}:${password ?? ''}`)
  return {
    ...(credentials !== undefined && { authorization: `Basic ${credentials.toString('base64')}` }),
    ...(cookie !== undefined && { cookie }),
  }
}

/** @throws {BlockError} kind `invalid` */
function parseUrl(text: string): URL {
  if (!URL.canParse(text))
    throw new BlockError('invalid', 'CURL: Error opening file: URL using bad/illegal format or missing URL')
  return new URL(text)
}

function invalid(message: string): BlockError {
  return new BlockError('invalid', message)
}
