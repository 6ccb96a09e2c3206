import type { Example } from './example.ts'
import { decodeObject, nothing, type ObjectType, struct } from './object-types.ts'
import { root } from './place.ts'
import type { Feature, Members, StructOf, Type } from './type.ts'

/** What a handler knows of the call beside its arguments. */
export interface Call {
  /** The client that called. */
  readonly session: CallSession
  /** Fires when the machine ends: whatever may wait gives up then. */
  readonly signal: AbortSignal
}

/** What a handler may ask of the session that it was called in. */
export interface CallSession {
  /** Ends the negotiation with these capabilities switched on. */
  negotiate(capabilities: readonly 'oob'[]): void
  /** The descriptors that have been passed to it. */
  readonly descriptors: CallDescriptors
}

/** Descriptors of the client that called, by what came with its messages and by the names that its monitor has for them. */
export interface CallDescriptors {
  /** Takes the one that came last; the caller owns it. @throws {QmpError} GenericError, if none has come */
  takeReceived(): number
  /** Gives the one that came last a name. @throws {QmpError} GenericError, if none has come, or the name begins with a digit */
  nameReceived(name: string): void
  /** @throws {QmpError} GenericError, if nothing has that name */
  closeNamed(name: string): void
  /** Takes the one with that name; the caller owns it. @throws {QmpError} GenericError, if nothing has that name */
  takeNamed(name: string): number
  /** As takeNamed; a name of digits is the number of one that the program was started with. @throws {QmpError} GenericError */
  takeNamedOrInherited(name: string): number
}

/** What a command may be called with: members, or one of QAPI's boxed types (a union, a struct with a name). */
export type ArgsSpec = Members | ObjectType<any>
/** What a handler sees of the arguments. */
export type ArgsFrom<A extends ArgsSpec> = A extends ObjectType<infer T> ? T : A extends Members ? StructOf<A> : never

/** A command, declared once: everything else that the house knows of it derives from this literal. */
export interface CommandSpec<Needs, A extends ArgsSpec, R> {
  /** Version of QEMU that had it first. */
  readonly since: string
  readonly doc: string
  /** Members in the order in which QEMU checks them. */
  readonly args: A
  readonly returns: Type<R>
  /** Events that it may cause. */
  readonly emits?: readonly string[]
  /** Conditions under which it fails, a sentence each. */
  readonly errors?: readonly string[]
  readonly examples: readonly Example[]
  readonly features?: readonly Feature[]
  /** Whether it may be called out of band. */
  readonly oob?: boolean
  /** Whether it may be called before the machine is built. */
  readonly preconfig?: boolean
  run(needs: Needs, args: ArgsFrom<A>, call: Call): R | Promise<R>
}

export interface Command<Needs, A extends ArgsSpec, R> extends CommandSpec<Needs, A, R> {
  /** The type of the arguments; `nothing` if there are none. */
  readonly arguments: ObjectType<ArgsFrom<A>>
  /**
   * Decodes the arguments and runs the command; a command that is done at once returns no promise.
   *
   * @throws {QmpError} GenericError, if the arguments do not fit; nothing has happened then
   */
  invoke(needs: Needs, raw: unknown, call: Call): R | Promise<R>
}

/** Fixes what a family of commands may touch; all else is inferred from each declaration. */
export function family<Needs>() {
  return function command<A extends ArgsSpec, R>(spec: CommandSpec<Needs, A, R>): Command<Needs, A, R> {
    const type = argumentsOf(spec.args)
    return {
      ...spec,
      arguments: type,
      invoke(needs, raw, call) {
        const args = raw === undefined && type === nothing ? noArguments : decodeObject(type, raw ?? noArguments, root)
        return spec.run(needs, args, call)
      },
    }
  }
}

const noArguments: ArgsFrom<any> = Object.freeze({})

function argumentsOf(args: ArgsSpec): ObjectType<any> {
  if (isType(args)) return args
  return Object.keys(args).length === 0 ? nothing : struct('arguments', args)
}

function isType(args: ArgsSpec): args is ObjectType<any> {
  return typeof args['decode'] === 'function'
}

export type AnyCommand = Command<any, any, any>
export type CommandTable = Readonly<Record<string, AnyCommand>>

type UnionToIntersection<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void
  ? I
  : never

/** Everything that the commands of a table need, together. */
export type NeedsOf<T extends CommandTable> = UnionToIntersection<
  { [K in keyof T]: T[K] extends Command<infer N, any, any> ? N : never }[keyof T]
>
export type ArgsOf<C> = C extends Command<any, infer A, any> ? ArgsFrom<A> : never
export type ReturnOf<C> = C extends Command<any, any, infer R> ? R : never

/** A typed call: arguments may be left out only where none is required. */
export type Execute<T extends CommandTable, Options = unknown> = <K extends keyof T & string>(
  name: K,
  ...rest: {} extends ArgsOf<T[K]> ? [args?: ArgsOf<T[K]>, options?: Options] : [args: ArgsOf<T[K]>, options?: Options]
) => Promise<ReturnOf<T[K]>>
