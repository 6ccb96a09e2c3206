import { BlockError } from '../../block-error.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import type { MetadataKind } from './metadata-map.ts'

/** QEMU's options, and the tables that they are about. Ours are not looked at where there is no name. */
const kinds = {
  'main-header': 'qcow2_header',
  'active-l1': 'active L1 table',
  'active-l2': 'active L2 table',
  'refcount-table': 'refcount table',
  'refcount-block': 'refcount block',
  'snapshot-table': 'snapshot table',
  'inactive-l1': 'inactive L1 table',
  'inactive-l2': undefined,
  'bitmap-directory': 'bitmap directory',
} as const satisfies Record<string, MetadataKind | undefined>

type Name = keyof typeof kinds
const names = Object.keys(kinds) as Name[]

const constant: readonly Name[] = ['main-header', 'active-l1', 'refcount-table', 'snapshot-table', 'bitmap-directory']
const cached: readonly Name[] = [...constant, 'active-l2', 'refcount-block', 'inactive-l1']
const templates: Readonly<Record<string, readonly Name[]>> = { none: [], constant, cached, all: names }

/** What the user says: a template, whole or with exceptions. */
export interface OverlapOptions {
  readonly short: string | undefined
  readonly template: string | undefined
  readonly exceptions: ReadonlyMap<Name, boolean>
}

/** Takes the options out. @throws {BlockError} kind `invalid`, if one is neither on nor off */
export function takeOverlapOptions(options: OptionBag): OverlapOptions {
  const short = options.takeString('overlap-check')
  const template = options.takeString('overlap-check.template')
  const exceptions = new Map<Name, boolean>()
  for (const name of names) {
    const value = options.takeBoolean(`overlap-check.${name}`)
    if (value !== undefined) exceptions.set(name, value)
  }
  return { short, template, exceptions }
}

/** The tables that no write may hit. @throws {BlockError} kind `invalid` */
export function guardedTables({ short, template, exceptions }: OverlapOptions): ReadonlySet<MetadataKind> {
  if (short !== undefined && template !== undefined && short !== template) {
    throw invalid(
      `Conflicting values for qcow2 options 'overlap-check' ('${short}') and 'overlap-check.template' ('${template}')`,
    )
  }
  const word = short ?? template ?? 'cached'
  if (!Object.hasOwn(templates, word)) {
    const allowed = Object.keys(templates).join(', ')
    throw invalid(
      `Unsupported value '${word}' for qcow2 option 'overlap-check'. Allowed are any of the following: ${allowed}`,
    )
  }
  // No option is about it: whoever hits it loses the whole image.
  const guarded = new Set<MetadataKind>(['encryption header'])
  for (const name of names) {
    const kind = kinds[name]
    if (kind !== undefined && (exceptions.get(name) ?? templates[word]!.includes(name))) guarded.add(kind)
  }
  return guarded
}

function invalid(message: string): BlockError {
  return new BlockError('invalid', message, { option: 'overlap-check' })
}
