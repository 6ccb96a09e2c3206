import { qdictOrder } from '../../hash/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import { bool, int, memberAt, QmpError, root, str } from '../../qapi/index.ts'
import { cpuModels } from '../models.ts'
import { knobs, otherNames, type Properties, staticProperties } from './features.ts'

/** In the order in which QEMU's answer has them: it hands them from table to table. */
const asStatic: Properties = Object.fromEntries(Object.entries(staticProperties).reverse())
const asFull: Properties = {
  ...asStatic,
  ...knobs,
  ...Object.fromEntries(Object.entries(otherNames).map(([name, feature]) => [name, staticProperties[feature]!])),
}

/** Each of its features can be migrated: it is the same whether others are asked for or not. */
const ofMax: Properties = { migratable: true, 'host-cache-info': false }

/**
 * What a CPU model is: in terms of `base`, which has nothing, or of its own name with all that can be said of it.
 *
 * @param wanted - properties that the model is to have besides; what is not an object is passed over, as QEMU does
 * @throws {QmpError} if there is no such model, or the processor is not as wanted: nothing switches its features
 */
export function expandCpuModel(
  kind: 'static' | 'full',
  name: string,
  wanted: unknown,
): { readonly name: string; readonly props: Properties } {
  const model = cpuModels.find((each) => each.name === name)
  if (model === undefined) throw new QmpError('GenericError', `CPU model '${name}' not found`)
  const props: Record<string, Properties[string]> = name === 'max' ? { ...asFull, ...ofMax } : { ...asFull }
  if (typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted))
    for (const [property, value] of inOrder(wanted)) demand(model.typename, props, property, value)
  return kind === 'static' ? { name: 'base', props: asStatic } : { name, props }
}

/** Whether the processor has a property as it is written on command lines; undefined if there is no such property. */
export function holds(property: string, text: string): boolean | undefined {
  const value = ownEntry(asFull, property)
  if (typeof value !== 'boolean') return value === undefined ? undefined : String(value) === text
  return (value ? ['on', 'yes', 'true', 'y'] : ['off', 'no', 'false', 'n']).includes(text)
}

/** Sets a property, if there is a choice. */
function demand(typename: string, props: Record<string, Properties[string]>, property: string, wanted: unknown): void {
  const value = ownEntry(props, property)
  const refused = (why: string): QmpError => new QmpError('GenericError', `Property '${typename}.${property}' ${why}`)
  if (value === undefined) throw refused('not found')
  const type = typeof value === 'boolean' ? bool : typeof value === 'string' ? str : int.wide
  const decoded = type.decode(wanted, memberAt(root, property))
  if (property === 'migratable') props[property] = decoded
  else if (decoded !== value) throw refused('is not writable')
}

function inOrder(members: object): readonly (readonly [string, unknown])[] {
  return qdictOrder(Object.keys(members)).map((name) => [name, (members as Record<string, unknown>)[name]])
}
