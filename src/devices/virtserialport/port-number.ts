import { OptionError } from '../../keyval/index.ts'
import type { BusNeighbours } from '../model.ts'
import type { PropertyValue } from '../properties.ts'

/** Nobody has said which one. */
const byNumber = 0xffff_ffff
/** Ports are counted in steps of so many. */
const step = 32

/**
 * The number of a port on its controller: the one that was asked for, or the first that is free. Port 0 is for a console.
 *
 * @throws {OptionError} in QEMU's words, if there is another one of that number or name, or none is left
 */
export function findPort(
  said: Readonly<Record<string, PropertyValue>>,
  { carrier, devices, everywhere }: BusNeighbours,
  { console }: { readonly console: boolean },
): Readonly<Record<string, PropertyValue>> {
  const { nr = byNumber, name = '' } = said
  const taken = new Set(devices.map(({ properties }) => Number(properties['nr'])))
  const limit = Number(carrier['max_ports'])
  if (taken.has(Number(nr))) throw new OptionError(`virtio-serial-bus: A port already exists at id ${nr}`)
  if (name !== '' && everywhere.some(({ properties }) => properties['name'] === name))
    throw new OptionError(`virtio-serial-bus: A port already exists by name ${name}`)
  const number = nr === byNumber ? firstFree(taken, { console, limit }) : Number(nr)
  if (number >= limit)
    throw new OptionError(`virtio-serial-bus: Out-of-range port id specified, max. allowed: ${limit - 1}`)
  if (number === 0 && !console)
    throw new OptionError(
      'Port number 0 on virtio-serial devices reserved for virtconsole devices for backward compatibility.',
    )
  return { nr: number }
}

function firstFree(
  taken: ReadonlySet<number>,
  { console, limit }: { readonly console: boolean; readonly limit: number },
): number {
  if (console && !taken.has(0)) return 0
  const end = Math.ceil(limit / step) * step
  for (let number = 1; number < end; number++) if (!taken.has(number)) return number
  throw new OptionError('virtio-serial-bus: Maximum port limit for this device reached')
}
