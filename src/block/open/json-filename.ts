import { JsonStream } from '../../json/index.ts'
import { BlockError } from '../block-error.ts'
import type { OptionValue, OptionValues } from './option-bag.ts'

const prefix = 'json:'

/** Whether a file name is options in JSON: `json:{"driver": "qcow2", "file": {"driver": "file", "filename": "a"}}`. */
export function isJsonFilename(filename: string | undefined): filename is string {
  return filename?.startsWith(prefix) === true
}

/**
 * The options that stand in a file name, by dotted keys.
 *
 * @throws {BlockError} kind `invalid`, in QEMU's words
 */
export function parseJsonFilename(filename: string): OptionValues {
  const stream = new JsonStream()
  stream.feed(new TextEncoder().encode(`${filename.slice(prefix.length)}\n`))
  const first = stream.next()
  if (first === undefined) throw unreadable('JSON parse error, premature EOI', filename)
  if ('error' in first) throw unreadable(first.error, filename)
  if (stream.next() !== undefined) throw unreadable('JSON parse error, expecting value', filename)
  const { value } = first
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BlockError('invalid', 'Invalid JSON object given', { filename })
  }
  return flattenOptions(value)
}

/** Nested options by dotted keys: `file.driver`, `inject-error.0.event`. */
export function flattenOptions(options: object): OptionValues {
  const flat: Record<string, OptionValue> = {}
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) walk(member, path === '' ? name : `${path}.${name}`)
    } else if (value !== undefined) flat[path] = value as OptionValue
  }
  walk(options, '')
  return flat
}

function unreadable(reason: string, filename: string): BlockError {
  return new BlockError('invalid', `Could not parse the JSON options: ${reason}`, { filename })
}
