/**
 * Instructions of the CPU as text, in AT&T's syntax and as QEMU writes it (which has Capstone do it): the decoder is the
 * optional package `iced-x86`. Knows bytes, and neither where they come from nor who reads the text.
 */
export {
  type CodeBits,
  type Disassembler,
  type Instruction,
  loadDisassembler,
  longestInstruction,
} from './disassembler.ts'
