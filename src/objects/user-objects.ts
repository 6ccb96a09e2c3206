import type { ThrottleGroups } from '../block/index.ts'
import { checkIdentifier } from '../keyval/index.ts'
import { QmpError, root } from '../qapi/index.ts'
import { type ObjectTree, QomObject } from '../qom/index.ts'
import { type FilteredNetworks, filterDump } from './kinds/filter-dump.ts'
import { throttleGroup } from './kinds/throttle-group.ts'
import type { ObjectKind } from './object-kind.ts'
import { ObjectOptions, objectKinds } from './object-options.ts'
import { type KnownObject, ObjectServices } from './object-services.ts'

export interface UserObjectsSurroundings {
  readonly tree: ObjectTree
  /** The throttle groups of the machine; asked when the first of them is made. */
  readonly throttleGroups: () => ThrottleGroups
  /** The networks of the machine, as soon as there are some. */
  readonly networks: FilteredNetworks
}

/** An object, as who uses it has it. */
export interface UsedObject {
  /** As many random bytes as that, or fewer; none of an object that is no source of them. */
  random(count: number): Promise<Uint8Array>
  /** It is not needed any more. */
  end(): void
}

/** The objects that users have made: `/objects`. */
export class UserObjects {
  readonly #tree: ObjectTree
  readonly #kinds: Readonly<Record<string, ObjectKind>>
  readonly #made = new Map<string, KnownObject>()
  /** How many devices use an object, which may be gone for users. */
  readonly #uses = new Map<KnownObject, number>()
  /** What the objects do for others. */
  readonly services = new ObjectServices((id) => this.#made.get(id))

  constructor({ tree, throttleGroups, networks }: UserObjectsSurroundings) {
    this.#tree = tree
    this.#kinds = {
      ...objectKinds,
      'filter-dump': filterDump(networks, (id) => this.remove(id)),
      'throttle-group': throttleGroup(throttleGroups),
    }
  }

  /**
   * Makes an object.
   *
   * @param words - `qom-type`, `id`, and what the kind takes
   * @param user - it belongs to the machine, and stays
   * @throws {OptionError | QmpError | BlockError} in QEMU's words, if it cannot be made so
   */
  async add(words: Readonly<Record<string, unknown>>, user?: 'machine'): Promise<void> {
    const { 'qom-type': type, id, ...said } = ObjectOptions.decode(words, root)
    checkIdentifier(id)
    const made = this.#kinds[type]!.make(said, id, this.services)
    const folder = this.#tree.container('objects')
    const object = folder.addChild(id, new QomObject(this.#tree.types, type, made.access))
    try {
      await made.complete?.()
    } catch (error) {
      object.unparent()
      throw error
    }
    this.#made.set(id, { ...made, type, ...(user !== undefined && { busy: () => true }) })
  }

  /** @throws {QmpError} in QEMU's words, if there is no such object, or somebody uses it */
  remove(id: string): void {
    const made = this.#made.get(id)
    if (made === undefined) throw new QmpError('GenericError', `object '${id}' not found`)
    if (made.busy?.() === true) throw new QmpError('GenericError', `object '${id}' is in use, can not be deleted`)
    this.#made.delete(id)
    this.#tree.folder('objects')?.component(id)?.unparent()
    if (!this.#uses.has(made)) made.close?.()
  }

  /** The type of an object; undefined if there is none of that name. */
  typeOf(id: string): string | undefined {
    return this.#made.get(id)?.type
  }

  /**
   * Somebody uses an object, which goes on doing its work for them when the user has removed it.
   *
   * @throws {QmpError} `DeviceNotFound`, in QEMU's words, if there is none of that name
   */
  use(id: string): UsedObject {
    const made = this.#made.get(id)
    if (made === undefined) throw new QmpError('DeviceNotFound', `Device '${id}' not found`)
    this.#uses.set(made, (this.#uses.get(made) ?? 0) + 1)
    return {
      random: async (count) => (await made.random?.(count)) ?? new Uint8Array(0),
      end: () => {
        const left = this.#uses.get(made)! - 1
        if (left > 0) this.#uses.set(made, left)
        else this.#uses.delete(made)
        if (left === 0 && this.#made.get(id) !== made) made.close?.()
      },
    }
  }

  /** Names, in the order in which they were made. */
  get ids(): readonly string[] {
    return [...this.#made.keys()]
  }

  /** What objects of some kinds are, in the order in which QEMU walks them. */
  infos<Info extends object>(...types: readonly string[]): readonly Info[] {
    const names = this.#tree.folder('objects')?.children() ?? []
    return names.flatMap(({ name }) => {
      const made = this.#made.get(name!)
      return made?.info !== undefined && types.includes(made.type) ? [made.info() as Info] : []
    })
  }

  /** Closes what objects hold. */
  async close(): Promise<void> {
    for (const { close } of new Set([...this.#made.values(), ...this.#uses.keys()])) close?.()
    this.#made.clear()
    this.#uses.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
