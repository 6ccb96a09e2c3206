import { type DeviceWords, deviceModels, isDefault, pcModels } from '../../devices/index.ts'
import { OptionError, type OptionKinds, parseOptionList } from '../../keyval/index.ts'
import { ownEntry } from '../../lookup/index.ts'

/** What all devices of a kind are to have that do not say otherwise. */
interface GlobalProperty {
  readonly driver: string
  readonly property: string
  readonly value: string
}

/** What matters of a machine: which devices it has. */
export interface GlobalShape {
  readonly machine: 'pc' | 'none'
  /** Whether it has its power management. */
  readonly acpi: boolean
  /** Whether there is a device of that kind that was asked for. */
  readonly asked: (driver: string) => boolean
  /** The video card that was asked for by `-vga`. */
  readonly vga: string | undefined
  /** Whether serial ports were asked for. */
  readonly serial: boolean
}

const kinds: OptionKinds = { driver: 'string', property: 'string', value: 'string' }

/** Parts of a PC of which no properties are known here: they are what they are. */
const fixed =
  /^(pc-i440fx-7\.2-machine|qemu32-i386-cpu|fw_cfg_io|i440FX-pcihost|hpet|ICH9-LPC|memory-backend-ram|migration)$/

/** Properties that QEMU has kept, and that do nothing there either: drives have types of their own. */
const idle = /^isa-fdc\.fdtype[AB]$/

/** In which the PC's devices are made. */
const order =
  'i440FX PIIX3 i8257 isa-i8259 VGA mc146818rtc isa-pit isa-pcspk isa-serial isa-fdc i8042 vmport vmmouse port92 piix3-ide PIIX4_PM'.split(
    ' ',
  )

/** Those of which QEMU knows that there will be no more later. */
const lasting = ['i440FX', 'PIIX3', 'VGA', 'piix3-ide', 'PIIX4_PM']

/** What was said by `-global`. */
export class Globals {
  readonly #said: GlobalProperty[] = []

  /**
   * @param warn hears of old forms
   * @throws {OptionError} in QEMU's words, if it says no property
   */
  add(text: string, warn: (text: string) => void): void {
    this.#said.push(readGlobal(text, warn))
  }

  /** Whether anything is said of a kind of device. */
  names(driver: string): boolean {
    return this.#said.some((said) => said.driver === driver)
  }

  /** What stands before what is wrong with a drive that is said for all devices of a kind; undefined if it is not so said. */
  driveSaidFor(words: DeviceWords): string | undefined {
    const said = this.#said.findLast(({ driver, property }) => driver === words['driver'] && property === 'drive')
    return said === undefined ? undefined : `can't apply ${nameOf(said)}`
  }

  /** The kinds of devices whose drive is said: none of the machine's own can have another one. */
  get drivenModels(): readonly string[] {
    return this.#said.filter(({ property }) => property === 'drive').map(({ driver }) => driver)
  }

  /** Tells of properties that nothing here has. */
  tellUnknown(shape: GlobalShape, warn: (text: string) => void): void {
    for (const said of this.#said) {
      const { driver, property } = said
      if (shape.asked(driver) || isBuiltIn(driver, shape)) continue
      if (fixed.test(driver)) warn(`${nameOf(said)} has no effect`)
      else if (lasting.includes(driver)) warn(`${nameOf(said)} not used`)
      else if (!Object.hasOwn({ ...pcModels, ...deviceModels }, driver))
        warn(`global ${driver}.${property} has invalid class name`)
    }
  }

  /**
   * Checks what is said of devices that the PC itself has, and that are what they are.
   *
   * @param warn - hears of what cannot be as it is said
   * @throws {OptionError} in QEMU's words, if one has no such property, or cannot have such a value
   */
  checkBuiltIn(shape: GlobalShape, warn: (text: string) => void): void {
    const place = ({ driver }: GlobalProperty): number => order.indexOf(driver)
    for (const said of [...this.#said].sort((one, other) => place(one) - place(other))) {
      if (!isBuiltIn(said.driver, shape)) continue
      const { driver, property, value } = said
      const type = ownEntry((pcModels[driver] ?? deviceModels[driver])?.properties ?? {}, property)
      if (type === undefined)
        throw new OptionError(`can't apply ${nameOf(said)}: Property '${driver}.${property}' not found`)
      try {
        const changed = !isDefault(type, type.read(property, value, driver))
        if (changed && !idle.test(`${driver}.${property}`)) warn(`${nameOf(said)} has no effect`)
      } catch (error) {
        if (!(error instanceof OptionError)) throw error
        // Integers are read in another way than those of -device, and called otherwise.
        const reason = error.message.replace(/expects integer$/, `expects ${type.name.replace(/\d+$/, '')}64`)
        throw new OptionError(`can't apply ${nameOf(said)}: ${reason}`)
      }
    }
  }

  /**
   * What is said of a device, with what holds for all of its kind; of several the last counts.
   *
   * @throws {OptionError} in QEMU's words, if it has no such property, or is to be joined with two things
   */
  with(words: DeviceWords): DeviceWords {
    const meant = this.#said.filter(({ driver }) => driver === words['driver'])
    for (const said of meant) {
      const { driver, property } = said
      if (ownEntry(deviceModels[driver]?.properties ?? {}, property) !== undefined) continue
      throw new OptionError(`can't apply ${nameOf(said)}: Property '${driver}.${property}' not found`)
    }
    for (const { driver, property } of meant) {
      const own = words[property]
      if (own !== undefined && joined.includes(property)) refuseTwo(driver, property, String(own))
    }
    return { ...Object.fromEntries(meant.map(({ property, value }) => [property, value])), ...words }
  }
}

function readGlobal(text: string, warn: (text: string) => void): GlobalProperty {
  const [, driver, property, value] = /^([^.=]{1,63})\.([^=]{1,63})=(.*)$/s.exec(text) ?? []
  if (driver !== undefined) return { driver, property: property!, value: value! }
  const list = parseOptionList(text, { kinds, warn })
  const words = { driver: list.get('driver'), property: list.get('property'), value: list.get('value') }
  if (words.driver !== undefined && words.property !== undefined && words.value !== undefined)
    return words as GlobalProperty
  throw new OptionError("options 'driver', 'property', and 'value' are required")
}

/** What a device can be joined with once only. */
const joined = ['drive', 'chardev', 'netdev']
/** Devices of which a part has the property. */
const ofPart = ['isa-serial', 'pci-serial', 'virtio-net-pci']

function refuseTwo(driver: string, property: string, own: string): never {
  if (ofPart.includes(driver)) throw new OptionError(`${property}=${own} conflicts, and override is not implemented`)
  throw new OptionError(`-global ${driver}.${property}=... conflicts with ${property}=${own}`)
}

function nameOf({ driver, property, value }: GlobalProperty): string {
  return `global ${driver}.${property}=${value}`
}

/** Whether the PC has a device of that kind, whatever is asked for. */
function isBuiltIn(driver: string, { machine, acpi, vga, serial }: GlobalShape): boolean {
  if (machine === 'none') return false
  if (driver === 'PIIX4_PM') return acpi
  if (driver === 'VGA') return vga === 'std'
  if (driver === 'isa-serial') return serial
  return Object.hasOwn(pcModels, driver)
}
