import type { BlockNode, DirectAccess, Permission } from '../block/index.ts'

/** What an option takes: nothing; a size; a byte; any word; nothing, and what stands behind it is not read any more. */
export type OptionKind = 'flag' | 'number' | 'pattern' | 'text' | 'last'
export type OptionKinds = Readonly<Record<string, OptionKind>>

type ValueOf<Kind extends OptionKind> = Kind extends 'flag' | 'last'
  ? true
  : Kind extends 'number'
    ? bigint
    : Kind extends 'pattern'
      ? number
      : string

export type OptionValues<Kinds extends OptionKinds> = { readonly [Letter in keyof Kinds]?: ValueOf<Kinds[Letter]> }

/** What a program lets commands do to itself; a machine does not let them. */
export interface ProgramControl {
  abort(): void
  raise(signal: number): void
}

/** What a command may do, beside reading its words. */
export interface IoCall {
  /** Says something, as it is. */
  say(text: string): void
  /** Says what an image tells of itself. */
  show(text: string): void
  /** What requests go to; a command that can do without has none, perhaps. */
  readonly access: DirectAccess
  readonly program: ProgramControl | undefined
  /** Fires when nobody waits for the command any more. */
  readonly signal: AbortSignal
  /** The image. @throws {BlockError} kind `empty` */
  image(): BlockNode
  /** Lets work go on when the command has ended. */
  later(work: Promise<void>): void
  /** Settles when all such work has. */
  quiet(): Promise<void>
}

/** A command, declared once: how its words are read, what help says of it, and what it does. */
export interface IoCommandSpec<Kinds extends OptionKinds> {
  readonly alias?: string
  /** How many words there are behind the name, options among them. */
  readonly words: { readonly least: number; readonly most?: number }
  /** What the image must be open for. */
  readonly uses?: readonly Permission[]
  /** Works without an image; `always` also where there never is one. */
  readonly without?: 'image' | 'always'
  /** Options by letter; a command without any reads its words as they stand. */
  readonly options?: Kinds
  /** Its words, as usage shows them. */
  readonly args?: string
  readonly oneline: string
  readonly help?: string
  /** @returns false if it has failed, and said so */
  run(call: IoCall, options: OptionValues<Kinds>, operands: readonly string[]): Promise<boolean | void> | boolean | void
}

export type IoCommand = IoCommandSpec<any>
export type IoTable = Readonly<Record<string, IoCommand>>

/** Declares a command. */
export function ioCommand<const Kinds extends OptionKinds = {}>(spec: IoCommandSpec<Kinds>): IoCommand {
  return spec
}
