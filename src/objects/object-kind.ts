import { memberAt, type ObjectType, QmpError, root, type Type } from '../qapi/index.ts'
import type { ClassAccess } from '../qom/index.ts'
import type { TlsCredentials } from '../transport/index.ts'

/** A kind of object that users can make. `Options` is what can be said of it, beside its kind and name. */
export interface ObjectKind<Options = any> {
  readonly options: ObjectType<Options>
  /**
   * Checks what is said, by itself.
   *
   * @throws {OptionError | QmpError} in QEMU's words
   */
  make(options: Options, id: string, others: OtherObjects): MadeObject
}

/** An object that a user has asked for, before it is in the tree. */
export interface MadeObject {
  /** How its properties are read and set. */
  readonly access: Readonly<Record<string, ClassAccess>>
  /** Gets what it needs: files, other objects. @throws {OptionError | QmpError} in QEMU's words */
  complete?(): void | Promise<void>
  /** Whether somebody uses it, so that it must stay. */
  busy?(): boolean
  /** The user does not want it any more. */
  close?(): void
  /** The password that it is. */
  readonly password?: () => Uint8Array
  /** What it is to streams that are to be secured; gives anew what was read anew. */
  readonly credentials?: () => TlsCredentials
  /** Reads its files again. @throws {QmpError} in QEMU's words; it stays as it was then */
  readonly reload?: () => void
  /** Whether somebody of that name may do what it guards. */
  readonly authorizes?: (name: string) => boolean
  /** As many random bytes as that, or fewer: what there is of them now, or soon. */
  readonly random?: (count: number) => Promise<Uint8Array>
  /** What it is to who asks for all of its kind. */
  readonly info?: () => object
}

/** What an object may ask of those that are there already. */
export interface OtherObjects {
  password(id: string): Uint8Array | undefined
}

/** A property that is what it was made with. @param typed - its name and type, if what is of another type is refused for that */
export function unchanging(value: unknown, refusal: string, typed?: readonly [string, Type<unknown>]): ClassAccess {
  return {
    get: () => value,
    set: (wanted) => {
      if (typed !== undefined) typed[1].decode(wanted, memberAt(root, typed[0]))
      throw new QmpError('GenericError', refusal)
    },
  }
}

/** @throws {QmpError} always: an object that cannot be, or not be changed like that */
export function refused(text: string): never {
  throw new QmpError('GenericError', text)
}
