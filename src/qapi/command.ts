import type { Example } from './example.ts'
import { decodeObject, nothing, type ObjectType, struct } from './object-types.ts'
import { root } from './place.ts'
import type { AnyType, Members, StructOf, Type } from './type.ts'

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
}

/** A command, declared once: everything else that the house knows of it derives from this literal. */
export interface CommandSpec<Needs, M extends Members, R> {
  /** Version of QEMU that had it first. */
  readonly since: string
  readonly doc: string
  /** Members in the order in which QEMU checks them. */
  readonly args: M
  readonly returns: Type<R>
  /** Events that it may cause. */
  readonly emits?: readonly string[]
  /** Conditions under which it fails, a sentence each. */
  readonly errors?: readonly string[]
  readonly examples: readonly Example[]
  readonly features?: readonly ('deprecated' | 'unstable')[]
  /** Whether it may be called out of band. */
  readonly oob?: boolean
  /** Whether it may be called before the machine is built. */
  readonly preconfig?: boolean
  run(needs: Needs, args: StructOf<M>, call: Call): R | Promise<R>
}

export interface Command<Needs, M extends Members, R> extends CommandSpec<Needs, M, R> {
  readonly arguments: ObjectType<StructOf<M>>
  /**
   * Decodes the arguments and runs the command; a command that is done at once returns no promise.
   *
   * @throws {QmpError} GenericError, if the arguments do not fit; nothing has happened then
   */
  invoke(needs: Needs, raw: unknown, call: Call): R | Promise<R>
}

/** Fixes what a family of commands may touch; all else is inferred from each declaration. */
export function family<Needs>() {
  return function command<M extends Members, R>(spec: CommandSpec<Needs, M, R>): Command<Needs, M, R> {
    const args = struct('arguments', spec.args)
    const none = Object.keys(spec.args).length === 0 ? ({} as StructOf<M>) : undefined
    return {
      ...spec,
      arguments: args,
      invoke(needs, raw, call) {
        if (raw === undefined && none !== undefined) return spec.run(needs, none, call)
        return spec.run(needs, decodeObject(args, raw ?? noArguments, root), call)
      },
    }
  }
}

const noArguments = {}

export type AnyCommand = Command<any, any, any>
export type CommandTable = Readonly<Record<string, AnyCommand>>

type UnionToIntersection<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void
  ? I
  : never

/** Everything that the commands of a table need, together. */
export type NeedsOf<T extends CommandTable> = UnionToIntersection<
  { [K in keyof T]: T[K] extends Command<infer N, any, any> ? N : never }[keyof T]
>
export type ArgsOf<C> = C extends Command<any, infer M, any> ? StructOf<M> : never
export type ReturnOf<C> = C extends Command<any, any, infer R> ? R : never

/** A typed call: arguments may be left out only where none is required. */
export type Execute<T extends CommandTable, Options = unknown> = <K extends keyof T & string>(
  name: K,
  ...rest: {} extends ArgsOf<T[K]> ? [args?: ArgsOf<T[K]>, options?: Options] : [args: ArgsOf<T[K]>, options?: Options]
) => Promise<ReturnOf<T[K]>>

/** Whether a command returns nothing but an empty object. */
export function returnsNothing(type: AnyType): boolean {
  return type === nothing
}
