import { type Stats, statSync } from 'node:fs'
import { systemCode } from '../../errno/index.ts'
import { BlockError } from '../block-error.ts'
import { filters } from '../filters/table.ts'
import type { ProtocolDefinition } from '../open/driver.ts'
import { file, hostDevice } from './file/open.ts'
import { protocolsByPrefix } from './table.ts'

/** What a file name asks for, and how it says the rest. */
export type NamedDriver = Pick<ProtocolDefinition, 'name' | 'parseFilename'>

/**
 * The protocol or filter that a file name asks for: by the word before its first colon, if no slash comes earlier.
 *
 * @throws {BlockError} kind `unsupported`, if there is no such protocol
 */
export function protocolOf(filename: string): NamedDriver {
  const prefix = /^([^/:]+):/.exec(filename)?.[1]
  if (prefix === undefined) return defaultProtocol(filename)
  const { name, parseFilename } = filters.get(prefix) ?? {}
  if (name !== undefined && parseFilename !== undefined) return { name, parseFilename }
  const protocol = protocolsByPrefix.get(prefix)
  if (protocol === undefined) throw new BlockError('unsupported', `Unknown protocol '${prefix}'`, { filename })
  return protocol
}

/** What a plain path is: a file, unless it is there and is a device. */
export function defaultProtocol(path: string): ProtocolDefinition {
  const stats = statOf(path)
  return stats?.isBlockDevice() === true || stats?.isCharacterDevice() === true ? hostDevice : file
}

/** Undefined for what is not there or cannot be looked at: who opens it will say why. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return undefined
  }
}
