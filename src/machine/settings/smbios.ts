import { readFileSync, statSync } from 'node:fs'
import { noSmbiosSettings, onboardKinds, type SmbiosSettings } from '../../board/index.ts'
import { reasonText } from '../../errno/index.ts'
import { checkOption, OptionError, type OptionKinds, type OptionList } from '../../keyval/index.ts'
import { parseUuid } from './name.ts'

const texts = (...names: readonly string[]): OptionKinds => ({
  type: 'number',
  ...Object.fromEntries(names.map((name) => [name, 'string' as const])),
})

/** The members that can be said of a structure, by its type. */
const kinds: Readonly<Record<number, OptionKinds>> = {
  0: { ...texts('vendor', 'version', 'date', 'release'), uefi: 'boolean' },
  1: texts('manufacturer', 'product', 'version', 'serial', 'uuid', 'sku', 'family'),
  2: texts('manufacturer', 'product', 'version', 'serial', 'asset', 'location'),
  3: texts('manufacturer', 'version', 'serial', 'asset', 'sku'),
  4: {
    ...texts('sock_pfx', 'manufacturer', 'version', 'serial', 'asset', 'part'),
    'max-speed': 'number',
    'current-speed': 'number',
    'processor-id': 'number',
  },
  8: {
    ...texts('internal_reference', 'external_reference'),
    connector_type: 'number',
    port_type: 'number',
  },
  11: texts('value', 'path'),
  17: { ...texts('loc_pfx', 'bank', 'manufacturer', 'serial', 'asset', 'part'), speed: 'number' },
  41: { ...texts('designation', 'kind', 'pcidev'), instance: 'number' },
}
const lastType = 127
const headerBytes = 4
/** Tables have a length of 16 bits. */
const largestFile = 0xffff

/** What `-smbios` has said so far. */
export class SmbiosDraft {
  #settings: SmbiosSettings = noSmbiosSettings
  #uuid: string | undefined

  get settings(): SmbiosSettings {
    return this.#settings
  }

  /**
   * Adds what a list says.
   *
   * @returns the machine's UUID, if that was said
   * @throws {OptionError} in QEMU's words
   */
  add(list: OptionList): string | undefined {
    this.#uuid = undefined
    const file = list.get('file')
    const type = list.get('type')
    if (file !== undefined) this.#addStructure(list, file)
    else if (type !== undefined) this.#addMembers(list, Number.parseInt(type, type.startsWith('0x') ? 16 : 10) || 0)
    else throw new OptionError('Must specify type= or file=')
    return this.#uuid
  }

  #addStructure(list: OptionList, path: string): void {
    for (const [name, value] of list.items) checkOption(name, value, { file: 'string' })
    const bytes = contentsOf(path)
    if (bytes === undefined || bytes.length < headerBytes) throw new OptionError(`Cannot read SMBIOS file ${path}`)
    const type = bytes[0]!
    if (this.#hasMembers(type)) throw new OptionError(`can't load type ${type} struct, fields already specified!`)
    this.#settings = { ...this.#settings, structures: [...this.#settings.structures, [...bytes]] }
  }

  #addMembers(list: OptionList, type: number): void {
    if (type > lastType) throw new OptionError('out of range!')
    const { structures, members, connectors, strings, onboard } = this.#settings
    if (structures.some((structure) => structure[0] === type))
      throw new OptionError("can't add fields, binary file already loaded!")
    const known = kinds[type]
    if (known === undefined) throw new OptionError(`Don't know how to build fields for SMBIOS type ${type}`)
    for (const [name, value] of list.items) checkOption(name, value, known)
    const said = list.toRecord()
    checkMeaning(type, said)
    if (type === 1 && said['uuid'] !== undefined) this.#uuid = said['uuid'].toLowerCase()
    if (type === 8) this.#settings = { ...this.#settings, connectors: [...connectors, said] }
    else if (type === 11) this.#settings = { ...this.#settings, strings: [...strings, ...stringsOf(list)] }
    else if (type === 41) this.#settings = { ...this.#settings, onboard: [...onboard, said] }
    else {
      this.#settings = { ...this.#settings, members: new Map([...members, [type, { ...members.get(type), ...said }]]) }
    }
  }

  #hasMembers(type: number): boolean {
    const { members, connectors, strings, onboard } = this.#settings
    if (type === 8) return connectors.length > 0
    if (type === 11) return strings.length > 0
    return type === 41 ? onboard.length > 0 : members.has(type)
  }
}

function checkMeaning(type: number, said: Readonly<Record<string, string>>): void {
  if (type === 0 && said['release'] !== undefined && !/^\d+\.\d+/.test(said['release']))
    throw new OptionError('Invalid release')
  if (type === 1 && said['uuid'] !== undefined) checkUuid(said['uuid'])
  if (type === 4 && [said['max-speed'], said['current-speed']].some((speed) => Number(speed ?? 0) > 0xffff))
    throw new OptionError('SMBIOS CPU speed is too large (> 65535)')
  if (type !== 41) return
  const { kind = 'other', pcidev, designation = '(null)' } = said
  if (!(onboardKinds as readonly string[]).includes(kind)) throw new OptionError(`invalid parameter value: ${kind}`)
  if (pcidev !== undefined) throw new OptionError(`No PCI device ${pcidev} for SMBIOS type 41 entry ${designation}`)
}

function checkUuid(text: string): void {
  try {
    parseUuid(text)
  } catch {
    throw new OptionError('Invalid UUID')
  }
}

/** Strings of the maker: as they are, or as they stand in files. */
function stringsOf(list: OptionList): string[] {
  return list.items.flatMap(([name, value]) => {
    if (name === 'value') return [value]
    if (name !== 'path') return []
    const bytes = contentsOf(value, (cause) => {
      throw new OptionError(`Could not open '${value}': ${reasonText(cause)}`)
    })
    if (bytes === undefined) throw new OptionError(`Unable to read from ${value}: Is a directory`)
    if (bytes.includes(0)) throw new OptionError(`NUL in OEM strings value in ${value}`)
    return [bytes.toString('latin1')]
  })
}

/** A small regular file; undefined if it is something else. */
function contentsOf(path: string, failed: (cause: unknown) => void = () => undefined): Buffer | undefined {
  try {
    const { size } = statSync(path)
    return size <= largestFile && statSync(path).isFile() ? readFileSync(path) : undefined
  } catch (cause) {
    failed(cause)
    return undefined
  }
}
