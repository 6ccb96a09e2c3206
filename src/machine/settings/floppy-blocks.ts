import type { PropertyValue } from '../../devices/index.ts'
import { OptionError } from '../../keyval/index.ts'

const sectorBytes = 512
const mostBytes = 2 ** 21

/**
 * Looks whether a floppy drive can have blocks of the sizes that were said: 512 bytes.
 *
 * @param said - 0 stands for what is usual
 * @throws {OptionError} in QEMU's words, in its order
 */
export function checkFloppyBlocks(said: Readonly<Record<string, PropertyValue>>): void {
  const sizes = ['logical_block_size', 'physical_block_size'] as const
  for (const name of sizes) checkBlockSize(name, Number(said[name] ?? 0))
  const [logical, physical] = sizes.map((name) => Number(said[name]) || sectorBytes) as [number, number]
  if (logical > physical) throw new OptionError('logical_block_size > physical_block_size not supported')
  for (const name of ['min_io_size', 'opt_io_size', 'discard_granularity']) {
    const bytes = Number(said[name] ?? 0)
    if (bytes % logical !== 0 && bytes !== 0xffff_ffff)
      throw new OptionError(`${name} must be a multiple of logical_block_size`)
  }
  if (logical !== sectorBytes || physical !== sectorBytes)
    throw new OptionError(`Physical and logical block size must be ${sectorBytes} for floppy`)
}

function checkBlockSize(name: string, bytes: number): void {
  if (bytes === 0) return
  if (bytes < sectorBytes || bytes > mostBytes)
    throw new OptionError(
      `Property .${name} doesn't take value ${bytes} (minimum: ${sectorBytes}, maximum: ${mostBytes})`,
    )
  if (!Number.isInteger(Math.log2(bytes)))
    throw new OptionError(`Property .${name} doesn't take value '${bytes}', it's not a power of 2`)
}
