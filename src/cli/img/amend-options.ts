import { BlockError, imageFormats } from '../../block/index.ts'
import { checkOption, OptionError, parseOptionList } from '../../keyval/index.ts'
import { ProgramError } from '../program-error.ts'
import { byFormat, type ImageOption, listOptions } from './create-options.ts'

const keySlots = (prefix: string): ImageOption[] => [
  {
    name: `${prefix}state`,
    kind: 'string',
    help: 'Select new state of affected keyslots (active/inactive)',
  },
  { name: `${prefix}keyslot`, kind: 'number', help: 'Select a single keyslot to modify explicitly' },
  { name: `${prefix}old-secret`, kind: 'string', help: 'Select all keyslots that match this password' },
  {
    name: `${prefix}new-secret`,
    kind: 'string',
    help: 'New secret to set in the matching keyslots. Empty string to erase',
  },
  { name: `${prefix}iter-time`, kind: 'number', help: 'Time to spend in PBKDF in milliseconds' },
]

const common = [
  'size',
  'compat',
  'backing_file',
  'backing_fmt',
  'data_file',
  'data_file_raw',
  'lazy_refcounts',
  'refcount_bits',
]

/** What can change of an image that is there. */
const amendable: Readonly<Record<string, readonly ImageOption[]>> = {
  luks: keySlots(''),
  qcow2: [...keySlots('encrypt.'), ...byFormat['qcow2']!.filter(({ name }) => common.includes(name))],
}

/** What `-o help` prints. @throws {ProgramError} in QEMU's words */
export function amendHelp(format: string): string {
  if (!imageFormats.has(format)) throw new ProgramError(`Unknown file format '${format}'`)
  return `Amend options for '${format}':\n${listOptions(amendableOf(format))}`
}

/** Reads what `-o` gives. @throws {BlockError} in QEMU's words */
export function readAmendOptions(format: string, texts: readonly string[]): Record<string, string> {
  const known = amendableOf(format)
  try {
    return read(known, texts)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    const hint = reads([...known, ...(byFormat[format] ?? [])], texts)
    throw new BlockError(
      'invalid',
      error.message,
      hint ? { hint: 'This option is only supported for image creation' } : {},
    )
  }
}

function amendableOf(format: string): readonly ImageOption[] {
  const known = amendable[format]
  if (known === undefined) throw new ProgramError(`Format driver '${format}' does not support option amendment`)
  return known
}

function read(known: readonly ImageOption[], texts: readonly string[]): Record<string, string> {
  const kinds = Object.fromEntries(known.map(({ name, kind }) => [name, kind]))
  const { items } = parseOptionList(texts.join(','))
  for (const [name, value] of items) checkOption(name, value, kinds)
  return Object.fromEntries(items)
}

function reads(known: readonly ImageOption[], texts: readonly string[]): boolean {
  try {
    read(known, texts)
    return true
  } catch {
    return false
  }
}
