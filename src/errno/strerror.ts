import { codes } from './table.ts'

const names = new Map(Object.entries(codes).map(([name, [number]]) => [number, name]))

/**
 * The C library's text for an error code: `ENOENT` or 2 is `No such file or directory`. QEMU's messages end in these;
 * Node's own (`no such file or directory`) are libuv's and differ.
 *
 * @param code - a name as in `error.code`, or Linux's number with either sign; others are `Unknown error CODE`
 */
export function strerror(code: string | number): string {
  const name = typeof code === 'number' ? errorName(code) : code
  return (name === undefined ? undefined : codes[name]?.[1]) ?? `Unknown error ${code}`
}

/** The name of Linux's error number, with either sign: 2 is `ENOENT`. */
export function errorName(number: number): string | undefined {
  return names.get(Math.abs(number))
}

/** The `code` of an error that the system gave (`ENOENT`, ...), or undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  const { code } = error
  return typeof code === 'string' && Object.hasOwn(codes, code) ? code : undefined
}

/** What to tell a user about a thrown thing: the C library's text for a system error, else the error's own message. */
export function reasonText(error: unknown): string {
  const code = systemCode(error)
  if (code !== undefined) return strerror(code)
  return error instanceof Error ? error.message : String(error)
}

/** Linux's number of an error code: `ENOSPC` is 28. */
export function errorNumber(code: string): number | undefined {
  return codes[code]?.[0]
}
