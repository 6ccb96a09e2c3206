/**
 * A small assembler for programs that start in real mode: option ROMs of ours, and the guests of demonstrations and
 * tests. Knows nothing of what they do.
 */
export {
  type Arithmetic,
  type Assembler,
  assemble,
  type Byte,
  type Condition,
  type Double,
  type Register,
  type Segment,
  type Word,
} from './assembler.ts'
