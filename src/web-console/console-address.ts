import type { ConsoleAddress } from './console-server.ts'

const ports = { first: 5800, last: 5899 } as const

/** Where the page is served if nobody says: on this machine alone, at the first port that is free. */
export const usualConsoleAddress: ConsoleAddress = { host: '127.0.0.1', port: ports.first, to: ports.last }

/**
 * Reads `HOST:PORT`, `:PORT` or `HOST`. Port 0 is any that is free.
 *
 * @returns undefined if it is none of these
 */
export function consoleAddressOf(text: string): ConsoleAddress | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port ?? 0) > 65535) return undefined
  const at = host === '' ? usualConsoleAddress.host : host
  return port === undefined ? { ...usualConsoleAddress, host: at } : { host: at, port: Number(port) }
}
