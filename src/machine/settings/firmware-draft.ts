import { type OptionList, type OptionListRules, parseOptionList } from '../../keyval/index.ts'
import type { MachineConfig } from '../config.ts'
import { ConfigError, inWordsOf } from '../config-error.ts'
import type { HelpText } from '../help-text.ts'
import { acpiTableOf } from './acpi-tables.ts'
import { firmwareHelp } from './firmware.ts'
import { fwCfgKinds, fwCfgOf } from './fw-cfg.ts'
import { isHelp } from './members.ts'
import { parseUuid } from './name.ts'
import { SmbiosDraft } from './smbios.ts'

export interface FirmwareDraftOptions {
  readonly warn: (text: string) => void
  /** Takes what was asked for instead of a machine. */
  readonly answer: (help: HelpText) => void
}

/**
 * What is said of what the guest's firmware is given, while it is being said: -L, -uuid, -smbios,
 * -acpitable and -fw_cfg.
 */
export class FirmwareDraft {
  readonly #warn: FirmwareDraftOptions['warn']
  readonly #answer: FirmwareDraftOptions['answer']
  readonly #folders: string[] = []
  readonly #smbios = new SmbiosDraft()
  readonly #fwCfg: { readonly list: OptionList; readonly origin: string }[] = []
  readonly #acpiTables: (readonly number[])[] = []
  #uuid: string | undefined

  constructor({ warn, answer }: FirmwareDraftOptions) {
    this.#warn = warn
    this.#answer = answer
  }

  /** -L: a folder for firmware, ahead of the usual ones. */
  folder(path: string): void {
    if (isHelp(path)) this.#answer({ text: firmwareHelp(this.#folders), status: 0 })
    else this.#folders.push(path)
  }

  /** -uuid */
  uuid(text: string, origin: string): void {
    this.#uuid = inWordsOf(origin, () => parseUuid(text))
  }

  /** -smbios: what the machine's tables say of it. */
  smbios(text: string, origin: string): void {
    this.#uuid = inWordsOf(origin, () => this.#smbios.add(this.#list(text, origin))) ?? this.#uuid
  }

  /** -fw_cfg: a file for the guest's firmware configuration device. */
  fwCfg(text: string, origin: string): void {
    const list = inWordsOf(origin, () => parseOptionList(text, { kinds: fwCfgKinds, impliedName: 'name' }))
    this.#fwCfg.push({ list, origin })
  }

  /** -acpitable: a table that the firmware adds to its own. */
  acpiTable(text: string, origin: string): void {
    const warn = this.#warningOf(origin)
    const table = inWordsOf(origin, () => acpiTableOf(this.#list(text, origin, { impliedName: 'data' }), warn))
    this.#acpiTables.push([...table])
  }

  /** Where firmware is looked for first. */
  get folders(): readonly string[] {
    return this.#folders
  }

  /** The machine's UUID, its tables for dmidecode, and those of ACPI. */
  get tables(): Pick<MachineConfig, 'uuid' | 'smbios' | 'acpiTables'> {
    return { uuid: this.#uuid, smbios: this.#smbios.settings, acpiTables: this.#acpiTables }
  }

  /**
   * The files that were asked for.
   *
   * @param objects - the ids of the objects that there are
   * @throws {ConfigError} if one cannot be, or the machine has no device for them
   */
  files(machine: MachineConfig['machine'], objects: readonly string[]): MachineConfig['fwCfg'] {
    const files: MachineConfig['fwCfg'][number][] = []
    for (const { list, origin } of this.#fwCfg) {
      if (machine === 'none') throw ConfigError.at(origin, 'fw_cfg device not available')
      const others = files.map(({ name }) => name)
      files.push({
        ...inWordsOf(origin, () => fwCfgOf(list, { others, objects, warn: this.#warningOf(origin) })),
        origin,
      })
    }
    return files
  }

  #list(text: string, origin: string, rules: OptionListRules = {}): OptionList {
    return parseOptionList(text, { ...rules, warn: this.#warningOf(origin) })
  }

  #warningOf(origin: string): (text: string) => void {
    return (text) => this.#warn(`${origin}: warning: ${text}`)
  }
}
