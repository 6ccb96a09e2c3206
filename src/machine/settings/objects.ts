import { type SecretConfig, secretFrom, type ThrottleGroupConfig, throttleGroupFrom } from '../../block/index.ts'
import { checkIdentifier, OptionError, parseOptionList } from '../../keyval/index.ts'
import { helpOfObject, ObjectOptions, optionsFromList } from '../../objects/index.ts'
import { QmpError, root } from '../../qapi/index.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'
import { isHelp } from './members.ts'

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
 * @param warn - hears of old forms
 * @returns the help that was asked for instead, as text
 * @throws {OptionError} in QEMU's words
 */
export function readObject(text: string, warn: (text: string) => void): ObjectConfig | string {
  if (isJsonOption(text)) return objectFrom(parseJsonOption(text))
  const list = parseOptionList(text, { impliedName: 'qom-type', help: true, warn })
  const type = list.get('qom-type')
  if (list.help || list.get('help') !== undefined || isHelp(type)) return helpOfObject(type ?? '')
  return objectFrom(optionsFromList(list))
}

/** The type of an object that was asked for; undefined if there is none of that id. */
export function typeOfObject(objects: readonly ObjectConfig[], id: string): string | undefined {
  const asked = objects.find(({ object }) => object.id === id)
  return asked?.type === 'other' ? asked.object['qom-type'] : asked?.type
}

/** Memory that `-machine memory-backend=` makes the RAM. */
export interface MemoryBackend {
  readonly id: string
  readonly size: bigint
  /** What else was said of it, as JSON has it. */
  readonly said: Readonly<Record<string, unknown>>
}

/** The size of memory is checked when it is made, with all else that is said of it. */
function memoryBackendFrom({ id, size, 'qom-type': _, ...said }: ObjectOptions): MemoryBackend {
  return { id, size: BigInt(size as number | bigint), said }
}

function objectFrom(words: Readonly<Record<string, unknown>>): ObjectConfig {
  const type = words['qom-type']
  if (type === 'throttle-group') return { type, object: throttleGroupFrom(words) }
  const object = decoded(words)
  checkIdentifier(object.id)
  if (type === 'memory-backend-ram') return { type, object: memoryBackendFrom(object) }
  return type === 'secret' ? { type, object: secretFrom(words) } : { type: 'other', object }
}

function decoded(words: Readonly<Record<string, unknown>>): ObjectOptions {
  try {
    return ObjectOptions.decode(words, root)
  } catch (error) {
    throw error instanceof QmpError ? new OptionError(error.message) : error
  }
}

/** @throws {OptionError} if there is one of that name */
export function checkNewObject({ object: { id } }: ObjectConfig, others: readonly ObjectConfig[]): void {
  if (others.some((other) => other.object.id === id)) throw new OptionError(`Duplicate ID '${id}' for object`)
}
