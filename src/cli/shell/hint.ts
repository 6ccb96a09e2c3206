import type { CommandError } from '../../client/index.ts'
import type { SchemaInfo } from '../../qapi/index.ts'
import { commandNames, meant } from './command-help.ts'

/** What somebody may have meant whose command was refused for how it is spelt; empty if nothing comes near. */
export function hint({ errorClass, command }: CommandError, args: object | undefined, schema: readonly SchemaInfo[]) {
  if (errorClass === 'CommandNotFound') return meant(command, commandNames(schema))
  const info = schema.find(({ name }) => name === command)
  if (info?.['meta-type'] !== 'command') return ''
  const type = schema.find(({ name }) => name === info['arg-type'])
  if (type?.['meta-type'] !== 'object' || type.variants !== undefined) return ''
  const names = type.members.map(({ name }) => name)
  const stranger = Object.keys(args ?? {}).find((name) => !names.includes(name))
  return stranger === undefined ? '' : meant(stranger, names)
}
