import { OptionError, type OptionList, parseBoolean, parseInt64, parseSize, parseUint64 } from '../keyval/index.ts'
import { ownEntry } from '../lookup/index.ts'
import type { AnyType } from '../qapi/index.ts'
import { ObjectOptions } from './object-options.ts'

/** A range of numbers is no longer than this. */
const longestRange = 65536

/**
 * Understands an object as `-object` describes it, in a flat list: what consists of several values is out of its reach,
 * but for lists of numbers, which are repeated (`host-nodes=0,host-nodes=2-3`).
 *
 * @returns it as JSON would say it; the kind of object may be unknown
 * @throws {OptionError} in QEMU's words, at the first member that is not of its type, or is not known
 */
export function optionsFromList(list: OptionList): Readonly<Record<string, unknown>> {
  const kind = list.get('qom-type')
  if (kind === undefined) throw new OptionError("Parameter 'qom-type' is missing")
  const words: Record<string, unknown> = { 'qom-type': kind }
  const { shape } = ObjectOptions
  const branch = shape.meta === 'object' ? ownEntry(shape.variants?.branches ?? {}, kind) : undefined
  if (branch === undefined) throw new OptionError(`Parameter 'qom-type' does not accept value '${kind}'`)
  if (list.id === undefined) throw new OptionError("Parameter 'id' is missing")
  words['id'] = list.id
  for (const [name, { type, optional }] of Object.entries(branch.shape.meta === 'object' ? branch.shape.members : {})) {
    const texts = list.items.filter((item) => item[0] === name).map(([, text]) => text)
    if (texts.length === 0 && !optional) throw new OptionError(`Parameter '${name}' is missing`)
    const value = texts.length === 0 ? undefined : readMember(type, texts, name)
    if (value !== undefined) words[name] = value
  }
  const unknown = list.items.find(([name]) => !Object.hasOwn(words, name))
  if (unknown !== undefined) throw new OptionError(`Invalid parameter '${unknown[0]}'`)
  return words
}

/** @returns undefined for a type that a list cannot say */
function readMember({ name: typeName, shape }: AnyType, texts: readonly string[], name: string): unknown {
  const expects = (what: string): never => {
    throw new OptionError(`Parameter '${name}' expects ${what}`)
  }
  const text = texts.at(-1)!
  if (shape.meta === 'enum') {
    if (shape.words.includes(text)) return text
    throw new OptionError(`Parameter '${name}' does not accept value '${text}'`)
  }
  if (shape.meta === 'array') {
    if (shape.of.shape.meta !== 'builtin' || shape.of.shape.jsonType !== 'int') return undefined
    return texts.flatMap((one) => rangeOf(one) ?? expects('a uint64 value or range'))
  }
  if (shape.meta !== 'builtin') return undefined
  if (shape.jsonType === 'boolean') return parseBoolean(text) ?? expects("'on' or 'off'")
  if (shape.jsonType !== 'int') return text
  if (typeName === 'size') return numberOf(parseSize(text)) ?? expects('a size value')
  if (!typeName.startsWith('uint')) return numberOf(parseInt64(text)) ?? expects('an int64 value')
  return (text.includes('-') ? undefined : numberOf(parseUint64(text))) ?? expects('a uint64 value')
}

/** The numbers of `4` or `2-5`; undefined if it is neither. */
function rangeOf(text: string): readonly number[] | undefined {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? []
  if (first === undefined) return undefined
  const count = Number(last) - Number(first) + 1
  return count < 1 || count > longestRange ? undefined : Array.from({ length: count }, (_, at) => Number(first) + at)
}

/** As JSON has it, where no digit is lost. */
function numberOf(scanned: ReturnType<typeof parseInt64>): number | bigint | undefined {
  if (typeof scanned !== 'bigint') return undefined
  return Number.isSafeInteger(Number(scanned)) ? Number(scanned) : scanned
}
