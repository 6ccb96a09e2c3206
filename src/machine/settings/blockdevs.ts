import { flattenOptions, type OptionValues } from '../../block/index.ts'
import { BlockdevOptions } from '../../commands/index.ts'
import { OptionError, parseKeyval } from '../../keyval/index.ts'
import { QmpError, root } from '../../qapi/index.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'
import { typedText } from './typed-text.ts'

/**
 * Reads a `-blockdev`: the arguments of blockdev-add, as JSON or as a list.
 *
 * @returns by dotted keys
 * @throws {OptionError} in QEMU's words, if they are not
 */
export function readBlockdev(text: string): OptionValues {
  try {
    return flattenOptions(BlockdevOptions.decode(isJsonOption(text) ? parseJsonOption(text) : listOf(text), root))
  } catch (error) {
    if (error instanceof QmpError) throw new OptionError(error.message)
    throw error
  }
}

function listOf(text: string): unknown {
  const { object, help } = parseKeyval(text, 'driver')
  if (help) throw new OptionError('Help is not available for this option')
  return typedText(BlockdevOptions, object, '')
}
