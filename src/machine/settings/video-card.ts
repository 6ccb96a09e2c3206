import { fitsIdentity, usualMonitor, usualVgaSlot, type VideoCard } from '../../board/index.ts'
import { type DeviceModel, type PciSlots, type PropertyValue, requireDefaults } from '../../devices/index.ts'
import { OptionError } from '../../keyval/index.ts'

const pictureBytes = 'vgamem_mb'

/**
 * The VGA card that was asked for.
 *
 * @param other - whether the machine has one already
 * @throws {OptionError} if the board cannot have it
 */
export function videoCardOf(
  model: DeviceModel,
  properties: Readonly<Record<string, PropertyValue>>,
  { id, other, slots }: { readonly id: string | undefined; readonly other: boolean; readonly slots: PciSlots },
): VideoCard {
  const { addr, xres, yres, edid, [pictureBytes]: megabytes = 16, ...rest } = properties
  requireDefaults(model.name, model, rest)
  const wanted = typeof addr === 'number' && addr >= 0 ? addr : undefined
  const place = wanted === undefined ? freePlace(model, { other, slots }) : slots.place(wanted)
  if (wanted !== undefined) slots.check(model.name, place)
  if (other) throw new OptionError('there is a VGA card already, and this PC can have only one')
  const { slot } = place
  if (place.function !== 0 || slot < 2) throw new OptionError('a VGA card can only be function 0 of a slot here')
  slots.take(place, { name: model.name, id })
  // QEMU takes the next power of two.
  if (Number(megabytes) <= 8 || Number(megabytes) > 16)
    throw new OptionError(`'VGA.${pictureBytes}' can only be 16 here`)
  const size = { width: Number(xres || usualMonitor.width), height: Number(yres || usualMonitor.height) }
  if (edid === false) return { id, slot, monitor: 'none' }
  if (!fitsIdentity(size))
    throw new OptionError(`the identity of a monitor of ${size.width}x${size.height} dots is not implemented`)
  return { id, slot, monitor: size }
}

function freePlace({ name }: DeviceModel, { other, slots }: { readonly other: boolean; readonly slots: PciSlots }) {
  return other ? { slot: usualVgaSlot, function: 0 } : slots.free(name)
}
