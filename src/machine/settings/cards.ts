import { deviceModels, type PlannedDevice } from '../../devices/index.ts'
import { OptionError } from '../../keyval/index.ts'
import { type OwnDeviceSurroundings, planOwnDevice } from './own-devices.ts'

/** A card that is the machine's own: of -nic or -net, or the one that is there by default. */
export interface CardWish {
  /** As it was named, if -net named it. */
  readonly name?: string
  /** Undefined for the machine's usual one. */
  readonly model: string | undefined
  readonly mac: string | undefined
  /** Its place on the PCI bus. */
  readonly addr: string | undefined
  /** The back end that it is joined with. */
  readonly netdev: string
  /** How many interrupt vectors it is to have, if its model asks; undefined for as many as it wants. */
  readonly vectors: number | undefined
}

const usualModel = 'e1000'
/** What -nic and -net call some models. */
const shortNames: Readonly<Record<string, string>> = { virtio: 'virtio-net-pci' }

/** Models that -nic and -net can name. */
export function cardModels(): readonly string[] {
  return Object.values(deviceModels)
    .filter(({ bus, category }) => bus === 'PCI' && category === 'Network')
    .map(({ name }) => name)
    .sort()
}

/** Finds a place for a card, and takes it. @throws {OptionError} in QEMU's words, if it cannot be so */
export function planCard(wish: CardWish, among: OwnDeviceSurroundings): PlannedDevice {
  const { model: said = usualModel, addr, mac, netdev, vectors } = wish
  const driver = shortNames[said] ?? said
  if (!cardModels().includes(driver)) throw new OptionError(`Unsupported NIC model: ${said}`)
  if (addr !== undefined && !/^(0x)?[0-9a-f]{1,2}(\.[0-7])?$/i.test(addr))
    throw new OptionError(`Invalid PCI device address ${addr} for device ${driver}`)
  const asksForVectors = deviceModels[driver]?.properties['vectors'] !== undefined
  const words = {
    driver,
    netdev,
    ...(mac !== undefined && { mac }),
    ...(addr !== undefined && { addr }),
    ...(vectors !== undefined && asksForVectors && { vectors: String(vectors) }),
  }
  return planOwnDevice(words, among)
}

/** @param multicast - what is said of an address of a group @returns as text, undefined for none @throws {OptionError} in QEMU's words, if it cannot be a card's address */
export function readCardMac(
  text: string | undefined,
  multicast = 'NIC cannot have multicast MAC address',
): string | undefined {
  if (text === undefined) return undefined
  const bytes = bytesOf(text)
  if (bytes === undefined) throw new OptionError('invalid syntax for ethernet address')
  if ((bytes[0]! & 1) !== 0) throw new OptionError(multicast)
  if (bytes.every((byte) => byte === 0)) return undefined
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** Six numbers in hexadecimal, or one that is the last three bytes. */
function bytesOf(text: string): readonly number[] | undefined {
  const number = /^(0x[0-9a-f]+|[0-9]+)$/i.test(text) ? Number(text) : Number.NaN
  if (number <= 0xffffff) return [0, 0, 0, number >> 16, (number >> 8) & 0xff, number & 0xff]
  const parts = text.split(/[:-]/)
  if (parts.length !== 6 || !parts.every((part) => /^(0x)?[0-9a-f]+$/i.test(part))) return undefined
  return parts.map((part) => Number.parseInt(part, 16) & 0xff)
}
