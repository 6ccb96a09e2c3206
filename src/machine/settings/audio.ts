import { OptionError, parseKeyval } from '../../keyval/index.ts'
import { bool, oneOf, opt, QmpError, req, root, str, struct, uint32 } from '../../qapi/index.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'
import { typedText } from './typed-text.ts'

const Direction = struct('AudiodevPerDirectionOptions', {
  'mixing-engine': opt(bool, 'whether QEMU mixes'),
  'fixed-settings': opt(bool, 'whether the next three hold'),
  frequency: opt(uint32, 'samples a second'),
  channels: opt(uint32, 'how many'),
  voices: opt(uint32, 'how many streams'),
  format: opt(oneOf('AudioFormat', ['u8', 's8', 'u16', 's16', 'u32', 's32', 'f32']), 'of a sample'),
  'buffer-length': opt(uint32, 'in microseconds'),
})

const Audiodev = struct('Audiodev', {
  id: req(str, 'its name'),
  driver: req(
    oneOf('AudiodevDriver', [
      'none',
      'alsa',
      'coreaudio',
      'dbus',
      'dsound',
      'jack',
      'oss',
      'pa',
      'sdl',
      'spice',
      'wav',
    ]),
    'what plays it',
  ),
  'timer-period': opt(uint32, 'in microseconds'),
  in: opt(Direction, 'what is recorded'),
  out: opt(Direction, 'what is played'),
})

/**
 * Reads an `-audiodev`, of which there is only one that nobody hears.
 *
 * @returns its id
 * @throws {OptionError} in QEMU's words, or if it would make a sound
 */
export function audioIdOf(text: string): string {
  const words = isJsonOption(text)
    ? parseJsonOption(text)
    : (typedText(Audiodev, parseKeyval(text, 'driver').object, '') as Readonly<Record<string, unknown>>)
  try {
    // What others have besides is their own.
    const { driver } = Audiodev.decode({ id: words['id'], driver: words['driver'] }, root)
    if (driver !== 'none') throw new OptionError(`vmon plays no sound by '${driver}'`)
    return Audiodev.decode(words, root).id
  } catch (error) {
    if (error instanceof QmpError) throw new OptionError(error.message)
    throw error
  }
}
