import { OptionError, type OptionKinds, type OptionList } from '../../keyval/index.ts'

/** What `-fw_cfg` takes; the name comes first without a name. */
export const fwCfgKinds: OptionKinds = { name: 'string', file: 'string', string: 'string', gen_id: 'string' }

/** A file for the guest's firmware configuration device, whose contents were said or lie in a file. */
export interface FwCfgConfig {
  readonly name: string
  readonly contents: { readonly text: string } | { readonly file: string }
}

const longestName = 55
/** Files that the machine has before those that are asked for. */
const taken = ['etc/e820', 'etc/system-states']

/**
 * The file that a list asks for.
 *
 * @param others - names that are there already
 * @param warn - hears of names that may become the firmware's own
 * @throws {OptionError} in QEMU's words
 */
export function fwCfgOf(
  list: OptionList,
  { others, objects, warn }: { others: readonly string[]; objects: readonly string[]; warn: (text: string) => void },
): FwCfgConfig {
  const [name, file, text, generator] = ['name', 'file', 'string', 'gen_id'].map((word) => list.get(word) || undefined)
  if (name === undefined || [file, text, generator].filter((source) => source !== undefined).length !== 1)
    throw new OptionError('name, plus exactly one of file, string and gen_id, are needed')
  if (Buffer.byteLength(name) > longestName) throw new OptionError(`name too long (max. ${longestName} char)`)
  if (generator !== undefined) {
    throw new OptionError(
      objects.includes(generator)
        ? `Object ID '${generator}' is not a 'fw_cfg-data-generator' subclass`
        : `Cannot find object ID '${generator}'`,
    )
  }
  if (!name.startsWith('opt/')) warn('externally provided fw_cfg item names should be prefixed with "opt/"')
  if (others.includes(name) || taken.includes(name)) throw new OptionError(`duplicate fw_cfg file name: ${name}`)
  return { name, contents: file === undefined ? { text: text! } : { file } }
}
