import type { OptionKind, OptionKinds } from './io-command.ts'
import { UsageComplaint } from './io-complaint.ts'
import { readNumber, readPattern } from './numbers.ts'

/** The words of a line. */
export function splitLine(line: string): string[] {
  return line.split(' ').filter((word) => word !== '')
}

export interface ReadWords {
  readonly options: Readonly<Record<string, unknown>>
  readonly operands: readonly string[]
}

/**
 * Reads options as the C library's getopt() does, wherever they stand among the words, and each as it is met.
 *
 * @param name - the command's, as the user wrote it
 * @param warn - hears what getopt() says
 * @throws {IoComplaint} at the first value that cannot be; {UsageComplaint}
 */
export function readWords(
  name: string,
  words: readonly string[],
  kinds: OptionKinds,
  warn: (text: string) => void,
): ReadWords {
  const options: Record<string, unknown> = {}
  const operands: string[] = []
  const result = { options, operands }
  const refuse = (complaint: string): never => {
    warn(`${name}: ${complaint}\n`)
    throw new UsageComplaint()
  }
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === '--') {
      operands.push(...words.slice(at + 1))
      break
    }
    if (!word.startsWith('-') || word === '-') {
      operands.push(word)
      continue
    }
    for (let index = 1; index < word.length; index++) {
      const letter = word[index]!
      const kind = kinds[letter]
      if (kind === undefined) return refuse(`invalid option -- '${letter}'`)
      if (kind === 'flag' || kind === 'last') {
        options[letter] = true
        if (kind === 'last') return result
        continue
      }
      const rest = word.slice(index + 1)
      const value = rest !== '' ? rest : words[++at]
      if (value === undefined) return refuse(`option requires an argument -- '${letter}'`)
      options[letter] = readValue(kind, value)
      break
    }
  }
  return result
}

function readValue(kind: OptionKind, text: string): unknown {
  if (kind === 'number') return readNumber(text)
  return kind === 'pattern' ? readPattern(text) : text
}

/** The operand at a place that there is. @throws {IoComplaint} */
export function numberAt(operands: readonly string[], index: number): bigint {
  return readNumber(operands[index] ?? '')
}
