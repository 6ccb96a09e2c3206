import { defaultPort } from '../../../nbd/index.ts'
import { parseInetAddress, TransportError } from '../../../transport/index.ts'
import { BlockError } from '../../block-error.ts'
import type { OptionValues } from '../../open/option-bag.ts'

const exportMark = ':exportname='

/**
 * What a file name says: `nbd://HOST[:PORT][/EXPORT]`, `nbd+unix:///[EXPORT]?socket=PATH`, or, as it was first,
 * `nbd:HOST:PORT` and `nbd:unix:PATH`, with `:exportname=EXPORT` behind it.
 *
 * @throws {BlockError} kind `invalid`, in QEMU's words
 */
export function parseNbdFilename(filename: string): OptionValues {
  if (filename.includes('://')) return parseUrl(filename)
  const mark = filename.indexOf(exportMark)
  const name = mark < 0 ? '' : filename.slice(mark + exportMark.length)
  if (mark >= 0 && name === '') return {}
  const place = (mark < 0 ? filename : filename.slice(0, mark)).slice('nbd:'.length)
  const chosen = mark < 0 ? {} : { export: name }
  if (place === '') return chosen
  if (place.startsWith('unix:')) return { ...chosen, 'server.type': 'unix', 'server.path': place.slice('unix:'.length) }
  try {
    const { host, port } = parseInetAddress(place)
    return { ...chosen, 'server.type': 'inet', 'server.host': host, 'server.port': String(port) }
  } catch (cause) {
    if (cause instanceof TransportError) throw new BlockError('invalid', cause.message, { filename }, { cause })
    throw cause
  }
}

function parseUrl(filename: string): OptionValues {
  const found = /^(nbd|nbd\+tcp|nbd\+unix):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(filename)
  if (found === null) throw noUrl(filename)
  const [, scheme, authority = '', path = '', query] = found
  const name = decoded(path.replace(/^\//, ''))
  const chosen = name === '' ? {} : { export: name }
  const parameters = [...new URLSearchParams((query ?? '').replaceAll('+', '%2B'))]
  if (scheme === 'nbd+unix') {
    const [[key, socket] = []] = parameters
    if (parameters.length !== 1 || authority !== '' || key !== 'socket') throw noUrl(filename)
    return { ...chosen, 'server.type': 'unix', 'server.path': socket! }
  }
  const [, host, port = String(defaultPort)] = /^(?:[^@]*@)?(\[[^\]]*\]|[^:]+)(?::(\d+))?$/.exec(authority) ?? []
  if (host === undefined || parameters.length > 0) throw noUrl(filename)
  return { ...chosen, 'server.type': 'inet', 'server.host': host.replace(/^\[|\]$/g, ''), 'server.port': port }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function noUrl(filename: string): BlockError {
  return new BlockError('invalid', 'No valid URL specified', { filename })
}

/** A file name that leads to the same export; undefined if none does. */
export function nbdFilename(
  server: { readonly type: string; readonly host?: string; readonly port?: number | string; readonly path?: string },
  name: string,
): string | undefined {
  if (server.type === 'unix') {
    return name === '' ? `nbd+unix://?socket=${server.path}` : `nbd+unix:///${name}?socket=${server.path}`
  }
  if (server.type !== 'inet') return undefined
  return `nbd://${server.host}:${server.port}${name === '' ? '' : `/${name}`}`
}
