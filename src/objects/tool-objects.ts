import { checkIdentifier, OptionError, parseKeyval } from '../keyval/index.ts'
import { QmpError, root } from '../qapi/index.ts'
import { ObjectOptions, objectKinds } from './object-options.ts'
import { type KnownObject, ObjectServices } from './object-services.ts'
import { optionsFromText } from './options-from-text.ts'

/** Kinds that programs without a machine have a use for. */
const usable = /^(secret|tls-creds-.*|authz-.*)$/

/**
 * The objects of a program without a machine.
 *
 * @param texts - of its `--object`, in their order: each may use those before it
 * @throws {OptionError} in QEMU's words
 */
export function toolObjects(texts: readonly string[]): ObjectServices {
  const made = new Map<string, KnownObject>()
  const services = new ObjectServices((id) => made.get(id))
  for (const text of texts) {
    try {
      const [id, object] = makeObject(text, services)
      if (made.has(id)) throw new OptionError(`attempt to add duplicate property '${id}' to object (type 'container')`)
      made.set(id, object)
    } catch (error) {
      throw error instanceof QmpError ? new OptionError(error.message) : error
    }
  }
  return services
}

function makeObject(text: string, services: ObjectServices): readonly [id: string, object: KnownObject] {
  const { object } = parseKeyval(text, 'qom-type')
  const { 'qom-type': type, id, ...said } = ObjectOptions.decode(optionsFromText(object), root)
  if (!usable.test(type)) throw new OptionError(`Parameter 'qom-type' does not accept value '${type}'`)
  checkIdentifier(id)
  const made = objectKinds[type]!.make(said, id, services)
  made.complete?.()
  return [id, { ...made, type }]
}
