import type { PropertyValue } from '../../devices/index.ts'
import { OptionError } from '../../keyval/index.ts'

const sectorBytes = 512

/**
 * Looks whether a floppy drive can have blocks of the sizes that were said, which go together: 512 bytes.
 *
 * @param said - 0 stands for what is usual
 * @throws {OptionError} in QEMU's words
 */
export function checkFloppyBlocks(said: Readonly<Record<string, PropertyValue>>): void {
  const sizes = ['logical_block_size', 'physical_block_size'].map((name) => Number(said[name]) || sectorBytes)
  if (sizes.some((bytes) => bytes !== sectorBytes))
    throw new OptionError(`Physical and logical block size must be ${sectorBytes} for floppy`)
}
