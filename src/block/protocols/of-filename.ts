import { statSync } from 'node:fs'
import { BlockError } from '../block-error.ts'
import type { ProtocolDefinition } from '../driver.ts'
import { file, hostDevice } from './file/open.ts'
import { protocolsByPrefix } from './table.ts'

/**
 * The protocol that a file name asks for: by the word before its first colon, if no slash comes earlier.
 *
 * @throws {BlockError} kind `unsupported`, if there is no such protocol
 */
export function protocolOf(filename: string): ProtocolDefinition {
  const prefix = /^([^/:]+):/.exec(filename)?.[1]
  if (prefix === undefined) return defaultProtocol(filename)
  const protocol = protocolsByPrefix.get(prefix)
  if (protocol === undefined) throw new BlockError('unsupported', `Unknown protocol '${prefix}'`, { filename })
  return protocol
}

/** What a plain path is: a file, unless it is there and is a device. */
export function defaultProtocol(path: string): ProtocolDefinition {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.isBlockDevice() === true || stats?.isCharacterDevice() === true ? hostDevice : file
}
