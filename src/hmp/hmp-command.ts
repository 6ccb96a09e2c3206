import type { CompletionSources, LineCompletion } from './complete.ts'
import type { HmpCall } from './hmp-call.ts'

/** What `x`, `xp`, `print`, `i` and `o` take behind a slash: how many values, how they are shown, of how many bytes. */
export interface Format {
  readonly count: number
  readonly format: FormatLetter
  /** 1, 2, 4 or 8; undefined for `i`, which is as long as the instruction, unless a size is named. */
  readonly size: 1 | 2 | 4 | 8 | undefined
}

export type FormatLetter = 'o' | 'd' | 'u' | 'x' | 'i' | 'c'

/**
 * How an argument is written (QEMU's letters): a word that names a block device (`B`), a file (`F`) or anything (`s`); the
 * rest of the line (`S`); an option list (`O`); an integer expression in 32 bits (`i`), in 64 (`l`), in MiB (`M`); a
 * size with a suffix, MiB without (`o`); `on` or `off` (`b`); a format (`/`); a switch (`-x`), or one with a word behind
 * it (`-xs`). What may be left out ends in `?`, or in `.` if it has to begin with a dot.
 */
export type Letter = 'B' | 'F' | 's' | 'S' | 'O' | 'i' | 'l' | 'M' | 'o' | 'b' | '/'

type ValueOf<Spec extends string> = Spec extends '/'
  ? Format
  : Spec extends 'B' | 'F' | 's' | 'S' | 'O'
    ? string
    : Spec extends 'i' | 'l' | 'M' | 'o'
      ? bigint
      : Spec extends 'b'
        ? boolean
        : never

type MemberOf<Spec extends string> = Spec extends `-${string}`
  ? Spec extends `-${string}s`
    ? string | undefined
    : boolean
  : Spec extends `${infer Letters}?` | `${infer Letters}.`
    ? ValueOf<Letters> | undefined
    : ValueOf<Spec>

type Members<Spec extends string> = Spec extends `${infer Head},${infer Rest}`
  ? Members<Head> & Members<Rest>
  : Spec extends `${infer Name}:${infer Letters}`
    ? { readonly [K in Name]: MemberOf<Letters> }
    : unknown

/** The arguments that a specification such as `force:-f,device:B` describes. */
export type HmpArgs<Spec extends string> = Spec extends '' ? {} : Members<Spec>

/** A command of the human monitor, declared once: parser, help, completion and documentation derive from this literal. */
export interface HmpSpec<Needs, Spec extends string> {
  /** Other names. */
  readonly aliases?: readonly string[]
  /** Arguments in the order in which they are written: `name:letters,name:letters`. */
  readonly args: Spec
  /** The arguments as help shows them. */
  readonly params: string
  readonly help: string
  /** What a word, whose number is counted from 1, can become; without this, the letters of the argument say. */
  complete?(word: string, place: number, sources: CompletionSources): LineCompletion
  run(call: HmpCall<Needs>, args: HmpArgs<Spec>): void | Promise<void>
}

export interface HmpCommand<Needs = any> extends Omit<HmpSpec<Needs, string>, 'run'> {
  readonly members: readonly HmpMember[]
  run(call: HmpCall<Needs>, args: any): void | Promise<void>
}

/** An argument, as its letters say. */
export interface HmpMember {
  readonly name: string
  readonly letter: Letter | '-'
  /** The letter of a switch. */
  readonly flag?: string
  /** Whether a word follows the switch. */
  readonly worded?: boolean
  /** What stands behind the switch in the specification: QEMU looks there for the letters of others. */
  readonly tail?: string
  readonly optional: '?' | '.' | undefined
}

export type HmpTable = Readonly<Record<string, HmpCommand>>

/** Begins a family of commands, which may touch these parts and no others. */
export function hmpFamily<Needs>() {
  return <const Spec extends string>(spec: HmpSpec<Needs, Spec>): HmpCommand<Needs> => ({
    ...spec,
    members: readMembers(spec.args),
  })
}

/** Reads a specification; one that cannot be read is a bug. */
function readMembers(spec: string): readonly HmpMember[] {
  if (spec === '') return []
  return spec.split(',').map((part, index, parts) => {
    const match = /^([a-z_A-Z0-9-]+):(?:([BFsSOilMob/])([?.]?)|-(.)(s?))$/.exec(part)
    if (match === null) throw new Error(`the argument '${part}' cannot be read`)
    const [, name, letter, optional, flag, worded] = match
    if (flag !== undefined)
      return {
        name: name!,
        letter: '-',
        flag,
        worded: worded === 's',
        tail: parts.slice(index + 1).join(','),
        optional: '?',
      }
    return { name: name!, letter: letter as Letter, optional: (optional || undefined) as HmpMember['optional'] }
  })
}
