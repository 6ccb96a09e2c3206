import { type SecretConfig, secretFrom, type ThrottleGroupConfig, throttleGroupFrom } from '../../block/index.ts'
import {
  checkIdentifier,
  type KeyvalObject,
  OptionError,
  parseInt64,
  parseKeyval,
  parseSize,
} from '../../keyval/index.ts'
import { helpOfObject, ObjectOptions, objectKindNames, optionsFromText } from '../../objects/index.ts'
import { QmpError, root } from '../../qapi/index.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'
import { isHelp } from './members.ts'

const throttleProperties = ['bps', 'iops'].flatMap((unit) =>
  ['read', 'total', 'write'].flatMap((direction) =>
    ['-max-length', '-max', ''].map((suffix) => `x-${unit}-${direction}${suffix}`),
  ),
)
throttleProperties.splice(throttleProperties.indexOf('x-iops-total-max-length'), 0, 'x-iops-size')

/** What `-object` makes. */
export type ObjectConfig =
  | { readonly type: 'secret'; readonly object: SecretConfig }
  | { readonly type: 'throttle-group'; readonly object: ThrottleGroupConfig }
  | { readonly type: 'memory-backend-ram'; readonly object: MemoryBackend }
  /** Of another kind, as JSON says it. */
  | { readonly type: 'other'; readonly object: ObjectOptions }

/**
 * Reads an `-object`.
 *
 * @returns the help that was asked for instead, as text
 * @throws {OptionError} in QEMU's words
 */
export function readObject(text: string): ObjectConfig | string {
  if (isJsonOption(text)) return objectFrom(parseJsonOption(text))
  const { object, help } = parseKeyval(text, 'qom-type')
  const type = String(object['qom-type'])
  if (help || isHelp(type)) return helpOfObject(help ? type : 'undefined')
  if (objectKindNames.includes(type) && !readHere.has(type)) return anyObject(optionsFromText(object))
  return objectFrom(type === 'throttle-group' ? withNumbers(object) : object)
}

/** The type of an object that was asked for; undefined if there is none of that id. */
export function typeOfObject(objects: readonly ObjectConfig[], id: string): string | undefined {
  const asked = objects.find(({ object }) => object.id === id)
  return asked?.type === 'other' ? asked.object['qom-type'] : asked?.type
}

/** What QEMU has to say of host memory: none of it makes a difference to RAM that is a JavaScript array. */
const memoryProperties = [
  ...['dump', 'host-nodes', 'merge', 'policy', 'prealloc', 'prealloc-context', 'prealloc-threads', 'reserve', 'share'],
  ...['x-use-canonical-path-for-ramblock-id'],
]

/** Memory that `-machine memory-backend=` makes the RAM. */
export interface MemoryBackend {
  readonly id: string
  readonly size: bigint
  /** Properties that are on or off, as far as they were said. */
  readonly flags: Readonly<Partial<Record<MemoryFlag, boolean>>>
}

const memoryFlags = ['merge', 'dump', 'prealloc', 'share', 'reserve'] as const
export type MemoryFlag = (typeof memoryFlags)[number]

function memoryBackendFrom({ 'qom-type': type, id, size, ...rest }: Readonly<Record<string, unknown>>): MemoryBackend {
  if (id === undefined) throw new OptionError("Parameter 'id' is missing")
  if (size === undefined) throw new OptionError("Parameter 'size' is missing")
  const bytes = typeof size === 'string' ? parseSize(size) : numberOf(size)
  if (typeof bytes !== 'bigint') throw new OptionError("Parameter 'size' expects a size value")
  for (const name of Object.keys(rest))
    if (!memoryProperties.includes(name)) throw new OptionError(`Invalid parameter '${name}'`)
  if (typeof id !== 'string') throw new OptionError("Invalid parameter type for 'id', expected: string")
  checkIdentifier(id)
  if (bytes === 0n) throw new OptionError(`property 'size' of ${String(type)} doesn't take value '0'`)
  const said = memoryFlags.filter((name) => rest[name] !== undefined)
  const flags = Object.fromEntries(said.map((name) => [name, isOn(rest[name])]))
  return { id, size: bytes, flags }
}

const isOn = (value: unknown): boolean => [true, 'on', 'yes', 'true', 'y'].includes(value as string | boolean)

function numberOf(value: unknown): bigint | undefined {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value)) ? BigInt(value) : undefined
}

/** Kinds that are read by functions of their own. */
const readHere = new Set(['secret', 'throttle-group', 'memory-backend-ram'])

function anyObject(words: Readonly<Record<string, unknown>>): ObjectConfig {
  try {
    const object = ObjectOptions.decode(words, root)
    checkIdentifier(object.id)
    return { type: 'other', object }
  } catch (error) {
    throw error instanceof QmpError ? new OptionError(error.message) : error
  }
}

function objectFrom(words: Readonly<Record<string, unknown>>): ObjectConfig {
  const type = String(words['qom-type'])
  if (objectKindNames.includes(type) && !readHere.has(type)) return anyObject(words)
  if (words['qom-type'] === 'memory-backend-ram')
    return { type: 'memory-backend-ram', object: memoryBackendFrom(words) }
  return words['qom-type'] === 'throttle-group'
    ? { type: 'throttle-group', object: throttleGroupFrom(words) }
    : { type: 'secret', object: secretFrom(words) }
}

/** A list has no way to say what consists of several values: limits are given by the properties for each. */
function withNumbers({ 'qom-type': type, id, ...texts }: KeyvalObject): Record<string, unknown> {
  if (id === undefined) throw new OptionError("Parameter 'id' is missing")
  const words: Record<string, unknown> = { 'qom-type': type, id }
  for (const [name, text] of Object.entries(texts)) {
    if (!throttleProperties.includes(name)) continue
    const value = parseInt64(String(text))
    if (typeof value !== 'bigint') throw new OptionError(`Parameter '${name}' expects an int64 value`)
    words[name] = Number(value)
  }
  for (const [name, value] of Object.entries(texts)) {
    if (name in words) continue
    const inner = typeof value === 'object' ? `.${Object.keys(value)[0]}` : ''
    throw new OptionError(`Invalid parameter '${name}${inner}'`)
  }
  return words
}

/** @throws {OptionError} if there is one of that name */
export function checkNewObject({ object: { id } }: ObjectConfig, others: readonly ObjectConfig[]): void {
  if (others.some((other) => other.object.id === id)) throw new OptionError(`Duplicate ID '${id}' for object`)
}
