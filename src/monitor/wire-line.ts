import { print } from '../json/index.ts'

/** A message as a monitor sends it: printed, and every line of it ended with CR LF, in pretty mode too. */
export function wireLine(message: unknown, pretty: boolean): string {
  const text = print(message, { pretty })
  return pretty ? `${text.replaceAll('\n', '\r\n')}\r\n` : `${text}\r\n`
}
