import type { EnumType } from '../qapi/index.ts'
import { QmpError } from '../qapi/index.ts'

/** The word of a closed set that an argument is. @throws {QmpError} GenericError, if it is none of them */
export function wordOf<W extends string>(type: EnumType<W>, text: string): W {
  const word = type.words.find((candidate) => candidate === text)
  if (word === undefined) throw new QmpError('GenericError', `invalid parameter value: ${text}`)
  return word
}
