import { qdictOrder } from '../../hash/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import { bool, int, memberAt, QmpError, root, str } from '../../qapi/index.ts'
import { cpuModels } from '../models.ts'
import { knobs, otherNames, type Properties, staticProperties } from './features.ts'

/** In the order in which QEMU's answer has them: it hands them from table to table. */
function madeForms() {
  const asStatic: Properties = Object.fromEntries(Object.entries(staticProperties).reverse())
  const asFull: Properties = {
    ...asStatic,
    ...knobs,
    ...Object.fromEntries(Object.entries(otherNames).map(([name, feature]) => [name, staticProperties[feature]!])),
  }
  return { asStatic, asFull, asBase: baseOf(asFull) }
}

let made: ReturnType<typeof madeForms> | undefined

/** All that can be said of processors, in hundreds of properties: made when a client first asks for it. */
function forms() {
  made ??= madeForms()
  return made
}

/** Properties of those that take what there is. Each feature can be migrated: it is the same whether others are wanted. */
const ofMax: Properties = { migratable: true, 'host-cache-info': false }

/** A processor that has nothing, in whose terms others are told. */
function baseOf(full: Properties): Properties {
  const features = ['level', 'xlevel', ...Object.keys(staticProperties), ...Object.keys(otherNames)]
  return { ...full, ...Object.fromEntries(features.map((name) => [name, nothingOf(full[name]!)])) }
}

/** Models that can be told and not had: what others are told in, and what KVM would give. */
const toldOnly = [
  { name: 'base', typename: 'base-i386-cpu' },
  { name: 'host', typename: 'host-i386-cpu' },
] as const

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
  const model = [...cpuModels, ...toldOnly].find((each) => each.name === name)
  if (model === undefined) throw new QmpError('GenericError', `CPU model '${name}' not found`)
  const props = new Map(Object.entries(propertiesOf(name)))
  if (typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted))
    for (const [property, value] of inOrder(wanted)) demand(model.typename, props, property, value)
  if (kind === 'full') return { name, props: Object.fromEntries(props) }
  return {
    name: 'base',
    props: Object.fromEntries(Object.keys(forms().asStatic).map((each) => [each, props.get(each)!])),
  }
}

function propertiesOf(model: string): Properties {
  const { asFull, asBase } = forms()
  if (model === 'base') return asBase
  return model === 'max' || model === 'host' ? { ...asFull, ...ofMax } : asFull
}

/** Whether the processor has a property as it is written on command lines; undefined if there is no such property. */
export function holds(property: string, text: string): boolean | undefined {
  const value = ownEntry(forms().asFull, property)
  if (typeof value !== 'boolean') return value === undefined ? undefined : String(value) === text
  return (value ? ['on', 'yes', 'true', 'y'] : ['off', 'no', 'false', 'n']).includes(text)
}

/** Has a property as wanted: as it is, or as the processor has it. */
function demand(typename: string, props: Map<string, Properties[string]>, property: string, wanted: unknown): void {
  const value = props.get(property)
  const refused = (why: string): QmpError => new QmpError('GenericError', `Property '${typename}.${property}' ${why}`)
  if (value === undefined) throw refused('not found')
  const type = typeof value === 'boolean' ? bool : typeof value === 'string' ? str : int.wide
  const decoded = type.decode(wanted, memberAt(root, property))
  if (property !== 'migratable' && decoded !== value && decoded !== forms().asFull[property])
    throw refused('is not writable')
  const feature = otherNames[property] ?? property
  for (const name of [feature, ...Object.keys(otherNames).filter((other) => otherNames[other] === feature)])
    props.set(name, decoded)
}

function nothingOf(value: Properties[string]): Properties[string] {
  return typeof value === 'boolean' ? false : typeof value === 'string' ? '' : 0
}

function inOrder(members: object): readonly (readonly [string, unknown])[] {
  return qdictOrder(Object.keys(members)).map((name) => [name, (members as Record<string, unknown>)[name]])
}
