import { BlockError, type FoundExport, listExports, textOfBlockError } from '../../block/index.ts'
import { exportFlagNames, exportFlags } from '../../nbd/index.ts'
import { objectsFor } from '../img/open.ts'
import { ProgramError } from '../program-error.ts'
import type { ListOptions } from './nbd-options.ts'
import { securingOf } from './securing.ts'

/** `vmon nbd --list`: what another server has, as qemu-nbd prints it. @throws {ProgramError} in QEMU's words */
export async function listText({ args, address, tls }: ListOptions): Promise<string> {
  const objects = await objectsFor(args)
  const secure = tls && securingOf(() => objects.securingClient(tls.creds, tls.hostname))
  let found: readonly FoundExport[]
  try {
    found = await listExports({ server: address, secure })
  } catch (error) {
    if (error instanceof BlockError) throw new ProgramError(textOfBlockError(error))
    throw error
  }
  return [`exports available: ${found.length}`, ...found.flatMap(linesOf), ''].join('\n')
}

function linesOf({ name, description, size, flags = 0, sizes = {}, contexts = [] }: FoundExport): string[] {
  const { minimum, preferred, maximum } = sizes
  const known = (flags & exportFlags.hasFlags) !== 0
  return [
    ` export: '${name}'`,
    ...(description === '' ? [] : [`  description: ${description}`]),
    ...(known
      ? [
          `  size:  ${size}`,
          `  flags: 0x${flags.toString(16)} (${exportFlagNames(flags)
            .map((name) => ` ${name}`)
            .join('')} )`,
        ]
      : []),
    ...(minimum === undefined
      ? []
      : [`  min block: ${minimum}`, `  opt block: ${preferred}`, `  max block: ${maximum}`]),
    ...(contexts.length === 0 ? [] : [`  available meta contexts: ${contexts.length}`]),
    ...contexts.map((context) => `   ${context}`),
  ]
}
