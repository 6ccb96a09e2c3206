import { type DeviceProperties, mostOptionRomBytes } from '../../board/index.ts'
import { OptionError } from '../../keyval/index.ts'
import type { DeviceModel } from '../model.ts'
import type { PropertyValue } from '../properties.ts'

type Said = Readonly<Record<string, PropertyValue>>

const unsaid = 0xffff_ffff
/** How large the ROM of a card is that has its own boot loader: as large as iPXE's files want it. */
const usualBytes = 256 << 10

/** @throws {OptionError} in QEMU's words, if no ROM can be so large */
export function checkRomSize({ romsize = unsaid }: Said): void {
  const size = Number(romsize)
  if (size !== unsaid && (size === 0 || (size & (size - 1)) !== 0))
    throw new OptionError(`ROM size ${size} is not a power of two`)
}

/**
 * The ROM of a card: which file is in it, and how large it is. A file that belongs to the model need not be there: the
 * ROM is empty then.
 *
 * @param byteLengthOf - how long a file is; undefined, if there is none
 * @throws {OptionError} in QEMU's words
 */
export function romProperties(
  { rom }: DeviceModel,
  { romfile, romsize = unsaid, rombar = 1 }: Said,
  { hot, byteLengthOf }: { readonly hot: boolean; readonly byteLengthOf: (file: string) => number | undefined },
): DeviceProperties {
  const size = Number(romsize)
  const file = String(romfile ?? rom ?? '')
  if (file === '') return {}
  if (rombar === 0) {
    if (hot) throw new OptionError("Hot-plugged device without ROM bar can't have an option ROM")
    requireHeld(file, byteLengthOf(file))
    return { romfile: file }
  }
  const isUsual = romfile === undefined
  if (isUsual && size === unsaid) return { romfile: file, romsize: usualBytes }
  const bytes = byteLengthOf(file)
  if (bytes === undefined) {
    if (isUsual) return { romfile: file, romsize: size }
    throw new OptionError(`failed to find romfile "${file}"`)
  }
  if (bytes === 0) throw new OptionError(`romfile "${file}" is empty`)
  if (bytes > 2 ** 31) throw new OptionError(`romfile "${file}" too large (size cannot exceed 2 GiB)`)
  requireHeld(file, bytes)
  if (size !== unsaid && bytes > size)
    throw new OptionError(`romfile "${file}" (${bytes} bytes) is too large for ROM size ${size}`)
  return { romfile: file, romsize: size === unsaid ? 2 ** Math.ceil(Math.log2(bytes)) : size }
}

/** @throws {OptionError} if the file is longer than what cards hold here */
function requireHeld(file: string, bytes = 0): void {
  const most = mostOptionRomBytes
  if (bytes > most) throw new OptionError(`romfile "${file}" too large (vmon's cards hold ${most >> 20} MiB)`)
}
