import type { FormatLetter } from './hmp-command.ts'

/** An integer of 64 bits as C's printf() would show it with `#`: `0x2a`, `052`, `42`, or as a character. */
export function integerText(format: FormatLetter, value: bigint): string {
  const unsigned = BigInt.asUintN(64, value)
  switch (format) {
    case 'x':
      return unsigned === 0n ? '0' : `0x${unsigned.toString(16)}`
    case 'o':
      return unsigned === 0n ? '0' : `0${unsigned.toString(8)}`
    case 'u':
      return unsigned.toString()
    case 'c':
      return characterText(value)
    default:
      return BigInt.asIntN(64, value).toString()
  }
}

const escapes: Readonly<Record<string, string>> = { "'": "\\'", '\\': '\\\\', '\n': '\\n', '\r': '\\r' }

/** A character between quotation marks; what cannot be shown, in hexadecimal, in as many digits as 32 bits need. */
export function characterText(value: bigint): string {
  const code = Number(BigInt.asUintN(32, value))
  const character = code < 0x80 ? String.fromCharCode(code) : ''
  const shown =
    escapes[character] ??
    (character >= ' ' && character <= '~' ? character : `\\x${code.toString(16).padStart(2, '0')}`)
  return `'${shown}'`
}
