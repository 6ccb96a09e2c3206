import { JsonStream } from '../../json/index.ts'
import { OptionError } from '../../keyval/index.ts'

/** Whether an option's value is JSON instead of a list: it begins with a brace. */
export function isJsonOption(text: string): boolean {
  return text.startsWith('{')
}

/**
 * Reads an option's value that is a JSON object, in QMP's dialect.
 *
 * @throws {OptionError} if it is not one, or more than one
 */
export function parseJsonOption(text: string): Readonly<Record<string, unknown>> {
  const stream = new JsonStream()
  stream.feed(new TextEncoder().encode(`${text}\n`))
  const first = stream.next()
  if (first === undefined) throw new OptionError('JSON parse error, premature EOI')
  if ('error' in first) throw new OptionError(first.error)
  if (stream.next() !== undefined) throw new OptionError('Expecting at most one JSON value')
  return first.value as Readonly<Record<string, unknown>>
}
