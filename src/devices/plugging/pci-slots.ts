import { OptionError } from '../../keyval/index.ts'

export interface PciPlace {
  readonly slot: number
  readonly function: number
}

interface User {
  readonly name: string
  readonly id?: string | undefined
  readonly multifunction?: boolean
}

/** The places of the PCI bus, and who is in them. */
export class PciSlots {
  /** By slot and function as one number. */
  readonly #users = new Map<number, User>([
    [0, { name: 'i440FX' }],
    [8, { name: 'PIIX3', multifunction: true }],
    [9, { name: 'piix3-ide', multifunction: true }],
  ])

  /** @param acpi - whether the PC has its power management */
  constructor({ acpi }: { readonly acpi: boolean }) {
    if (acpi) this.#users.set(11, { name: 'PIIX4_PM', multifunction: true })
  }

  /** Slot and function of an address. */
  place(address: number): PciPlace {
    return { slot: address >> 3, function: address & 7 }
  }

  /** The first slot that is free. @throws {OptionError} in QEMU's words, if none is */
  free(model: string): PciPlace {
    for (let slot = 0; slot < 32; slot++) if (!this.#users.has(slot * 8)) return { slot, function: 0 }
    throw new OptionError(`PCI: no slot/function available for ${model}, all in use or reserved`)
  }

  /** @throws {OptionError} in QEMU's words, if another device is there */
  check(model: string, { slot, function: func }: PciPlace): void {
    const user = this.#users.get(slot * 8 + func)
    if (user === undefined) return
    const by = `${user.name},id=${user.id ?? '(null)'}`
    throw new OptionError(`PCI: slot ${slot} function ${func} not available for ${model}, in use by ${by}`)
  }

  /**
   * Puts a device into a place.
   *
   * @param hot - while the guest may have looked already: it looks again when the first function of a slot comes
   * @throws {OptionError} in QEMU's words, if another one is there, or its neighbours are not made for neighbours
   */
  take(place: PciPlace, user: User, { hot = false }: { readonly hot?: boolean } = {}): void {
    this.check(user.name, place)
    const { slot, function: func } = place
    const first = this.#users.get(slot * 8)
    if (hot && first !== undefined)
      throw new OptionError(
        `PCI: slot ${slot} function 0 already occupied by ${first.name}, new func ${user.name} cannot be exposed to guest.`,
      )
    if (func !== 0 && first !== undefined && first.multifunction !== true)
      throw new OptionError(`PCI: single function device can't be populated in function ${hex(slot)}.${func}`)
    if (func === 0 && user.multifunction !== true)
      for (let other = 1; other < 8; other++)
        if (this.#users.has(slot * 8 + other))
          throw new OptionError(
            `PCI: ${hex(slot)}.0 indicates single function, but ${hex(slot)}.${other} is already populated.`,
          )
    this.#users.set(slot * 8 + func, user)
  }

  release({ slot, function: func }: PciPlace): void {
    this.#users.delete(slot * 8 + func)
  }
}

const hex = (slot: number): string => slot.toString(16)
