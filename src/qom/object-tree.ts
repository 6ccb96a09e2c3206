import { QmpError } from '../qapi/index.ts'
import { QomObject } from './qom-object.ts'
import type { TypeTable } from './type-table.ts'

/** The containers that every machine has, beside the machine itself. */
const containers = ['chardevs', 'objects', 'backend'] as const

/**
 * The tree of a machine's objects: who knows a path finds the object, and who adds one gives it a path.
 *
 * `add()` and `remove()` are the door for what comes and goes while the machine runs.
 */
export class ObjectTree {
  readonly types: TypeTable
  readonly root: QomObject

  constructor(types: TypeTable) {
    this.types = types
    this.root = new RootObject(types)
  }

  /** A folder for objects; made if it is not there. @param name - of it, in the root */
  container(name: (typeof containers)[number]): QomObject {
    return this.root.component(name) ?? this.root.addChild(name, new QomObject(this.types, 'container'))
  }

  /** A folder for objects, if there is one. */
  folder(name: (typeof containers)[number]): QomObject | undefined {
    return this.root.component(name)
  }

  /**
   * Gives an object its place.
   *
   * @param name - its name there; one that ends in `[*]` becomes the first of `[0]`, `[1]`, … that is free
   * @returns its path
   * @throws {QmpError} in QEMU's words, if there is no such parent, or it has a property of that name
   */
  add(parent: string, name: string, object: QomObject): string {
    return this.resolve(parent).addChild(name, object).path!
  }

  /** Takes an object and its parts out. @throws {QmpError} DeviceNotFound, if there is none at that path */
  remove(path: string): void {
    this.resolve(path).unparent()
  }

  /**
   * The object at a path, which may begin with any of the objects on the way to it: `/machine/unattached`, `unattached`.
   *
   * @throws {QmpError} DeviceNotFound, if there is none, or there are several
   */
  resolve(path: string): QomObject {
    const found = this.find(path)
    if (found instanceof QomObject) return found
    throw new QmpError('DeviceNotFound', `Device '${path}' not found`)
  }

  /** The object at a path, absolute or partial; `ambiguous`, if there are several. */
  find(path: string): QomObject | 'ambiguous' | undefined {
    const parts = path.split('/')
    if (path !== '' && parts[0] === '') return below(this.root, parts)
    return somewhere(this.root, path === '' ? [] : parts)
  }

  /** The first object of a type, or of one that is derived from it. */
  firstOf(type: string): QomObject | undefined {
    return this.objects().find((object) => this.types.is(object.type, type))
  }

  /** All objects, parents before their parts. */
  objects(from = this.root): readonly QomObject[] {
    return [from, ...from.children().flatMap((child) => this.objects(child))]
  }
}

class RootObject extends QomObject {
  constructor(types: TypeTable) {
    super(types, 'container')
  }

  override get path(): string {
    return '/'
  }
}

/** Goes down by names, through parts and links. */
function below(from: QomObject, parts: readonly string[]): QomObject | undefined {
  let object: QomObject | undefined = from
  for (const part of parts) if (part !== '') object = object?.component(part)
  return object
}

/** Tries to go down from every object of the tree. */
function somewhere(from: QomObject, parts: readonly string[]): QomObject | 'ambiguous' | undefined {
  let found = below(from, parts)
  for (const child of from.children()) {
    const other = somewhere(child, parts)
    if (other === undefined) continue
    if (other === 'ambiguous' || (found !== undefined && found !== other)) return 'ambiguous'
    found = other
  }
  return found
}
