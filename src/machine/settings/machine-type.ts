import { type KeyvalObject, OptionError, readMembers } from '../../keyval/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import { type MachineType, machineTypes } from '../models.ts'

const onOff = ['on', 'off']
const onOffAuto = ['auto', 'on', 'off']

/**
 * Properties of QEMU's PC: what they may be (a list of two is a Boolean), and what this machine is. What a guest could
 * not see is undefined: any value will do.
 */
const properties: Readonly<
  Record<string, { readonly words: readonly string[]; readonly ours: readonly string[] | undefined }>
> = {
  vmport: { words: onOffAuto, ours: ['on', 'off', 'auto'] },
  smm: { words: onOffAuto, ours: ['off', 'auto'] },
  acpi: { words: onOffAuto, ours: undefined },
  pic: { words: onOffAuto, ours: ['on', 'auto'] },
  pit: { words: onOffAuto, ours: ['on', 'auto'] },
  hpet: { words: onOff, ours: ['off'] },
  i8042: { words: onOff, ours: ['on'] },
  sata: { words: onOff, ours: undefined },
  // Where there is no hypervisor, and nothing that they are about.
  'kernel-irqchip': { words: ['on', 'off', 'split'], ours: undefined },
  'default-bus-bypass-iommu': { words: onOff, ours: undefined },
  nvdimm: { words: onOff, ours: undefined },
  smbus: { words: onOff, ours: undefined },
}

/** Properties of every machine, also of one without parts. */
const ofEachMachine: typeof properties = {
  graphics: { words: onOff, ours: undefined },
  'dump-guest-core': { words: onOff, ours: undefined },
  'mem-merge': { words: onOff, ours: undefined },
  'suppress-vmdesc': { words: onOff, ours: undefined },
  usb: { words: onOff, ours: ['off'] },
}

/** Properties about device trees, which a PC has not: any text will do. */
const ofDeviceTrees = ['dtb', 'dumpdtb', 'dt-compatible']

/** Members of -machine that have a setting of their own here. */
export const ownSettings = ['type', 'accel', 'boot', 'smp', 'kernel', 'initrd', 'append', 'firmware', 'memory-backend']

/** Those of a PC that name the drives or nodes of its flash chips. */
export const flashSettings = ['pflash0', 'pflash1'] as const

/**
 * The machine type of that name.
 *
 * @throws {OptionError} if there is none
 */
export function machineTypeOf(name: string | undefined): MachineType {
  for (const type of machineTypes) {
    if (type.name === name || ('alias' in type && (type.alias === name || name === undefined))) return type
  }
  throw new OptionError('unsupported machine type\nUse -machine help to list supported machines')
}

/**
 * What -machine says beyond the settings that have options of their own.
 *
 * @throws {OptionError} if the machine has no such property, or cannot be like that
 */
export function machinePropertiesOf(
  object: KeyvalObject,
  { name: machine }: MachineType,
): Readonly<Record<string, string | boolean>> {
  const said: Record<string, string | boolean> = {}
  for (const [name, value] of Object.entries(object)) {
    if (ownSettings.includes(name)) continue
    if (machine !== 'none' && (flashSettings as readonly string[]).includes(name)) continue
    if (ofDeviceTrees.includes(name) && typeof value === 'string') {
      said[name] = value
      continue
    }
    const known = machine === 'none' ? ofEachMachine : { ...properties, ...ofEachMachine }
    const property = ownEntry(known, name)
    if (property === undefined) throw new OptionError(`Property '${machine}-machine.${name}' not found`)
    if (typeof value !== 'string') throw new OptionError(`Invalid parameter type for '${name}', expected: string`)
    const kind = property.words === onOff ? 'boolean' : property.words
    const read = readMembers({ [name]: value }, { [name]: kind })[name] as string | boolean
    const word = typeof read === 'boolean' ? (read ? 'on' : 'off') : read
    if (property.ours?.includes(word) === false)
      throw new OptionError(`Property '${machine}-machine.${name}' cannot be '${word}' in vmon`)
    said[name] = read
  }
  return said
}

/** What `-machine help` prints. */
export const machineHelp = `Supported machines are:\n${machineTypes.flatMap(helpLines).join('')}`

function helpLines(type: MachineType): string[] {
  const line = (name: string, note: string): string => `${name.padEnd(20)} ${type.description}${note}\n`
  if (!('alias' in type)) return [line(type.name, '')]
  return [line(type.alias, ` (alias of ${type.name})`), line(type.name, ' (default)')]
}
