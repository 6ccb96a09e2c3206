import type { DevicePlace, DeviceProperties } from '../board/index.ts'

/** Where a PCI function is, as its configuration space begins. @throws {Error} if its place is not on a PCI bus */
export function pciAddress(place: DevicePlace, { multifunction }: DeviceProperties) {
  if (place.bus !== 'PCI') throw new Error('a PCI function sits on a PCI bus')
  const { slot, function: number, id } = place
  return { slot, function: number, id, multiFunction: multifunction === true }
}
