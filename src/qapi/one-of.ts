import { QmpError } from './qmp-error.ts'
import { str } from './scalars.ts'
import type { Feature, Type } from './type.ts'

export interface EnumType<W extends string> extends Type<W> {
  readonly words: readonly W[]
}

/**
 * One of a closed set of words.
 *
 * `features` marks words that are deprecated or unstable.
 */
export function oneOf<const W extends readonly string[]>(
  name: string,
  words: W,
  features?: Readonly<Partial<Record<W[number], readonly Feature[]>>>,
): EnumType<W[number]> {
  const set: ReadonlySet<string> = new Set(words)
  return {
    name,
    words,
    shape: { meta: 'enum', words, features: features ?? {} },
    decode(value, at) {
      const word = str.decode(value, at)
      if (!set.has(word)) throw new QmpError('GenericError', `Parameter '${at.leaf}' does not accept value '${word}'`)
      return word
    },
  }
}
