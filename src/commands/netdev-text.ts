import { OptionError, parseBoolean, parseInt64 } from '../keyval/index.ts'
import { ownEntry } from '../lookup/index.ts'
import type { NetdevOptions } from '../net/index.ts'
import { QmpError, root } from '../qapi/index.ts'
import { Netdev } from './netdev-options.ts'

/**
 * Reads a back end from a list that is flat: texts that come several times are a list.
 *
 * @throws {OptionError} in QEMU's words, if it is none
 */
export function netdevFromItems(id: string, items: readonly (readonly [string, string])[]): NetdevOptions {
  const type = items.find(([name]) => name === 'type')?.[1] ?? ''
  const shape = Netdev.shape
  const { variants } = shape as Extract<typeof shape, { readonly meta: 'object' }>
  if (!Object.hasOwn(variants!.branches, type))
    throw new OptionError(`Parameter 'type' does not accept value '${type}'`)
  const branch = variants!.branches[type]?.shape
  const members = branch?.meta === 'object' ? branch.members : {}
  const words: Record<string, unknown> = { id, type }
  const parts = items.flatMap((item) => (type === 'user' && item[0] === 'ipv6-net' ? ipv6NetItems(item[1]) : [item]))
  for (const [name, text] of parts) {
    if (name === 'type') continue
    const member = ownEntry(members, name)
    if (member === undefined) throw new OptionError(`Invalid parameter '${name}'`)
    const { shape: wanted } = member.type
    if (wanted.meta === 'array') words[name] = [...((words[name] as unknown[] | undefined) ?? []), { str: text }]
    else words[name] = wanted.meta === 'builtin' ? scalarOf(name, wanted.jsonType, text) : text
  }
  return decodeNetdev(words)
}

/** A network and how long its prefix is, as texts alone can say it. */
function ipv6NetItems(text: string): readonly (readonly [string, string])[] {
  const [prefix, ...rest] = text.split('/')
  if (text === '') throw new OptionError("Parameter 'ipv6-net' expects a valid IPv6 prefix")
  const length = rest.length === 0 ? '64' : rest.join('/')
  if (!/^\s*[+-]?\d+$/.test(length)) throw new OptionError("Parameter 'ipv6-prefixlen' expects a number")
  return [
    ['ipv6-prefix', prefix!],
    ['ipv6-prefixlen', String(Number(length))],
  ]
}

function scalarOf(name: string, jsonType: string, text: string): unknown {
  if (jsonType === 'boolean') {
    const truth = parseBoolean(text)
    if (truth === undefined) throw new OptionError(`Parameter '${name}' expects 'on' or 'off'`)
    return truth
  }
  if (jsonType !== 'int') return text
  const number = parseInt64(text)
  if (typeof number !== 'bigint') throw new OptionError(`Parameter '${name}' expects an int64 value`)
  return number
}

/** @throws {OptionError} in QEMU's words, if it is no back end */
export function decodeNetdev(words: unknown): NetdevOptions {
  try {
    return Netdev.decode(words, root) as NetdevOptions
  } catch (error) {
    if (error instanceof QmpError) throw new OptionError(error.message)
    throw error
  }
}
