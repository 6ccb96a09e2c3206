/** Mnemonics that have no letter for their size. */
const sizeless =
  /^(set\w{1,2}|loop|loopn?e|leave|enter|verr|verw|bound|arpl|frstor|fnsave|fldenv|fnstenv|fldcw|fnstcw|fnstsw|invlpg|sysexit)[bwl]$/
/** Mnemonics that have one, unlike GNU's. */
const sized: Readonly<Record<string, string>> = {
  lldt: 'lldtw',
  ltr: 'ltrw',
  lmsw: 'lmsww',
  fwait: 'wait',
  xlat: 'xlatb',
  movzxw: 'movzwl',
  movsxw: 'movswl',
}
/** Instructions of strings: what is at the index of the destination is in ES. */
const strings = /\b(movs|stos|scas|cmps|ins|outs)[bwl]\b/
/** Prefixes that change nothing about the instruction that they stand before. */
const idle = /^(data16|notrack|xrelease|xacquire|\.byte 0x66;) /
const mnemonicWidth = 8
/** Conversions of the accumulator are called as in 32 bits, whatever the code has. */
const conversions: Readonly<Record<number, readonly [wide: string, narrow: string]>> = {
  152: ['cwtl', 'cbtw'],
  153: ['cltd', 'cwtd'],
}

/**
 * The text of an instruction as Capstone writes it, from what GNU's assembler would understand.
 *
 * @param name - the mnemonic with its prefixes
 */
export function instructionText(name: string, operands: string, bytes: Uint8Array): string {
  const plain = name.replace(idle, '').replace(sizeless, '$1')
  const mnemonic = isNop(bytes) ? 'nop' : (conversionName(bytes) ?? sized[plain] ?? plain)
  return `${mnemonic.padEnd(mnemonicWidth)} ${operandsText(mnemonic, operands, bytes)}`
}

/** An exchange of the accumulator with itself, whatever its size. */
function isNop(bytes: Uint8Array): boolean {
  return bytes.at(-1) === 0x90 && (bytes.length === 1 || (bytes.length === 2 && bytes[0] === 0x66))
}

function conversionName(bytes: Uint8Array): string | undefined {
  const prefixed = bytes[0] === 0x66
  if (bytes.length !== (prefixed ? 2 : 1)) return undefined
  return conversions[bytes.at(-1)!]?.[prefixed ? 1 : 0]
}

function operandsText(mnemonic: string, operands: string, bytes: Uint8Array): string {
  const first = bytes[0]!
  const last = bytes.at(-1)!
  if (mnemonic === 'nop' || mnemonic === 'xlatb') return ''
  if (first >= 0xd8 && first <= 0xdf && bytes.length === 2 && last >= 0xc0) return stackText(first, last, operands)
  if (/^l(jmp|call)/.test(mnemonic) && operands.startsWith('$')) return operands.replace(', ', ':')
  if (strings.test(mnemonic)) return operands.replace(/(?<!:)(\(%e?di\))/, '%es:$1')
  if (mnemonic === 'enter') return signedFrame(bytes)
  if (mnemonic === 'bound') return swapped(operands)
  // Exchanges with the accumulator name it last.
  if (/^xchg/.test(mnemonic) && (last & 0xf8) === 0x90 && bytes.length <= 2) return swapped(operands)
  // The source is named even where it is the destination.
  if (/^imul/.test(mnemonic)) return operands.replace(/^(\$[^,]+), (%\w+)$/, '$1, $2, $2')
  if (/^nop/.test(mnemonic)) return operands.replace(/^%\w+, /, '')
  if (first === 0x3e) return operands.replace(/(^|[ *])((?:-?0x[\da-f]+|\d+)?\()/, '$1%ds:$2')
  return operands
}

/** What `enter` takes: sixteen bits and eight, both with a sign. */
function signedFrame(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 3, 3)
  return [view.getInt16(0, true), view.getInt8(2)].map(immediateText).join(', ')
}

function immediateText(value: number): string {
  const size = Math.abs(value)
  return `$${value < 0 ? '-' : ''}${size < 10 ? size : `0x${size.toString(16)}`}`
}

/** Two operands the other way round; a comma in parentheses is one of theirs. */
function swapped(operands: string): string {
  return operands
    .split(/, (?![^(]*\))/)
    .reverse()
    .join(', ')
}

/** Operands on the stack of the FPU: by the opcode's groups, one is named, or both. */
function stackText(opcode: number, modrm: number, operands: string): string {
  const one = `%st(${modrm & 7})`
  const group = (modrm >> 3) & 7
  switch (opcode) {
    case 0xd8:
      return one
    case 0xd9:
      return group < 2 ? one : ''
    case 0xda:
      return group < 4 ? `${one}, %st(0)` : ''
    case 0xdb:
      return group < 4 ? `${one}, %st(0)` : group > 4 ? one : ''
    case 0xdc:
      return group === 2 || group === 3 ? `${one}, %st(0)` : `%st(0), ${one}`
    case 0xde:
      return group === 3 ? '' : one
    case 0xdf:
      return group === 4 ? operands : one
    default:
      return one
  }
}
