import { createRequire } from 'node:module'
import { resolveInstalled } from '../installed/index.ts'
import { instructionText } from './instruction-text.ts'

/** The part of the `iced-x86` package that is used here. */
interface Iced {
  Decoder: new (bits: number, bytes: Uint8Array, options: number) => IcedDecoder
  Formatter: new (syntax: number) => IcedFormatter
  readonly DecoderOptions: { readonly None: number }
  readonly FormatterSyntax: { readonly Gas: number }
  readonly OpKind: { readonly Immediate8to16: number; readonly Immediate8to32: number }
}

interface IcedDecoder {
  ip: bigint
  decode(): IcedInstruction
  free(): void
}

interface IcedInstruction {
  readonly isInvalid: boolean
  readonly length: number
  readonly opCount: number
  opKind(operand: number): number
  free(): void
}

/** Settings are properties; what is not set is as GNU's assembler has it. */
interface IcedFormatter {
  gasShowMnemonicSizeSuffix: boolean
  gasSpaceAfterMemoryOperandComma: boolean
  spaceAfterOperandSeparator: boolean
  smallHexNumbersInDecimal: boolean
  uppercaseHex: boolean
  branchLeadingZeros: boolean
  signedImmediateOperands: boolean
  formatMnemonic(instruction: IcedInstruction): string
  formatAllOperands(instruction: IcedInstruction): string
}

/** An instruction, or a byte that begins none. */
export interface Instruction {
  readonly length: number
  readonly text: string
}

/** How wide the code segment's default operands and addresses are. */
export type CodeBits = 16 | 32

export interface Disassembler {
  /** The instruction at the start of these bytes. @param address - where it is: branches name their targets */
  decode(bytes: Uint8Array, address: number, bits: CodeBits): Instruction
}

/** No instruction is longer. */
export const longestInstruction = 15

let loaded: { readonly disassembler: Disassembler | undefined } | undefined

/** Loads the decoder, once and only when somebody asks; undefined where the optional package is not installed. */
export function loadDisassembler(): Disassembler | undefined {
  loaded ??= { disassembler: tryLoad() }
  return loaded.disassembler
}

function tryLoad(): Disassembler | undefined {
  let iced: Iced
  try {
    iced = createRequire(import.meta.url)(resolveInstalled('iced-x86')) as Iced
  } catch {
    return undefined
  }
  return new IcedDisassembler(iced)
}

class IcedDisassembler implements Disassembler {
  readonly #iced: Iced
  readonly #formatter: IcedFormatter

  constructor(iced: Iced) {
    this.#iced = iced
    this.#formatter = new iced.Formatter(iced.FormatterSyntax.Gas)
    this.#formatter.gasShowMnemonicSizeSuffix = true
    this.#formatter.gasSpaceAfterMemoryOperandComma = true
    this.#formatter.spaceAfterOperandSeparator = true
    this.#formatter.smallHexNumbersInDecimal = true
    this.#formatter.uppercaseHex = false
    this.#formatter.branchLeadingZeros = false
  }

  decode(bytes: Uint8Array, address: number, bits: CodeBits): Instruction {
    const { Decoder, DecoderOptions } = this.#iced
    const decoder = new Decoder(bits, bytes.subarray(0, longestInstruction), DecoderOptions.None)
    decoder.ip = BigInt(address)
    const instruction = decoder.decode()
    try {
      if (instruction.isInvalid) return { length: 1, text: `.byte    0x${bytes[0]!.toString(16).padStart(2, '0')}` }
      return { length: instruction.length, text: this.#text(instruction, bytes) }
    } finally {
      instruction.free()
      decoder.free()
    }
  }

  #text(instruction: IcedInstruction, bytes: Uint8Array): string {
    const { OpKind } = this.#iced
    const mnemonic = this.#formatter.formatMnemonic(instruction)
    const kinds = Array.from({ length: instruction.opCount }, (_, operand) => instruction.opKind(operand))
    const extended = kinds.some((kind) => kind === OpKind.Immediate8to16 || kind === OpKind.Immediate8to32)
    // Numbers that are extended have a sign, but for those that are patterns of bits.
    this.#formatter.signedImmediateOperands = extended && !/^(and|or|xor)/.test(mnemonic)
    return instructionText(
      mnemonic,
      this.#formatter.formatAllOperands(instruction),
      bytes.subarray(0, instruction.length),
    )
  }
}
