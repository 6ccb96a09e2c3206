import { type KeyvalObject, OptionError, readMembers } from '../../keyval/index.ts'
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
  usb: { words: onOff, ours: ['off'] },
  vmport: { words: onOffAuto, ours: ['on', 'off', 'auto'] },
  smm: { words: onOffAuto, ours: ['off', 'auto'] },
  acpi: { words: onOffAuto, ours: ['on', 'auto'] },
  pic: { words: onOffAuto, ours: ['on', 'auto'] },
  pit: { words: onOffAuto, ours: ['on', 'auto'] },
  hpet: { words: onOff, ours: ['off'] },
  i8042: { words: onOff, ours: ['on'] },
  graphics: { words: onOff, ours: ['on'] },
  sata: { words: onOff, ours: undefined },
  'dump-guest-core': { words: onOff, ours: undefined },
  'mem-merge': { words: onOff, ours: undefined },
  'suppress-vmdesc': { words: onOff, ours: undefined },
}

/** Members of -machine that have a setting of their own here. */
export const ownSettings = ['type', 'accel', 'boot', 'smp', 'kernel', 'initrd', 'append', 'firmware']

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
 * Checks what -machine says beyond the settings that have options of their own.
 *
 * @throws {OptionError} if the machine has no such property, or cannot be like that
 */
export function checkMachineProperties(object: KeyvalObject, { name: machine }: MachineType): void {
  for (const [name, value] of Object.entries(object)) {
    if (ownSettings.includes(name)) continue
    const property = machine === 'none' || !Object.hasOwn(properties, name) ? undefined : properties[name]
    if (property === undefined) throw new OptionError(`Property '${machine}-machine.${name}' not found`)
    if (typeof value !== 'string') throw new OptionError(`Invalid parameter type for '${name}', expected: string`)
    const kind = property.words === onOff ? 'boolean' : property.words
    const read = readMembers({ [name]: value }, { [name]: kind })[name]
    const word = typeof read === 'boolean' ? (read ? 'on' : 'off') : String(read)
    if (property.ours?.includes(word) === false)
      throw new OptionError(`Property '${machine}-machine.${name}' cannot be '${word}' in vmon`)
  }
}

const topology = {
  cpus: 'integer',
  sockets: 'integer',
  dies: 'integer',
  clusters: 'integer',
  cores: 'integer',
  threads: 'integer',
  maxcpus: 'integer',
} as const

/** What `-smp` takes, as its help lists it; the number of CPUs comes first without a name. */
export const smpKinds = Object.fromEntries(Object.keys(topology).map((name) => [name, 'number' as const]))

/**
 * Checks the number of CPUs, of which there is one.
 *
 * @throws {OptionError} if it is another
 */
export function checkCpuCount(object: KeyvalObject, { name, cpuMax }: MachineType): void {
  const smp = readMembers(object, topology, 'smp.')
  const product = [smp.sockets, smp.dies, smp.clusters, smp.cores, smp.threads].reduce(
    (whole: bigint, factor) => whole * (factor || 1n),
    1n,
  )
  const excess = [smp.maxcpus, smp.cpus, product].find((count) => count !== undefined && count !== 0n && count !== 1n)
  if (excess !== undefined)
    throw new OptionError(`Invalid SMP CPUs ${excess}. The max CPUs supported by machine '${name}' is ${cpuMax}`)
}

/** What `-machine help` prints. */
export const machineHelp = `Supported machines are:\n${machineTypes.flatMap(helpLines).join('')}`

function helpLines(type: MachineType): string[] {
  const line = (name: string, note: string): string => `${name.padEnd(20)} ${type.description}${note}\n`
  if (!('alias' in type)) return [line(type.name, '')]
  return [line(type.alias, ` (alias of ${type.name})`), line(type.name, ' (default)')]
}
