import type { ScreenDump } from '../display/index.ts'
import { example, family, int, nothing, oneOf, opt, req, str } from '../qapi/index.ts'

const command = family<{ screenDump: Pick<ScreenDump, 'dump'> }>()

export const ImageFormat = oneOf('ImageFormat', ['ppm', 'png'])

/** Pictures of the guest's screen. */
export const screenCommands = {
  screendump: command({
    since: '0.14',
    doc: 'Write what the screen shows to a picture file.',
    args: {
      filename: req(str, 'the file to write', { complete: 'file' }),
      device: opt(str, 'the display device to take the picture from (default: the first one)', { complete: 'device' }),
      head: opt(int.wide, 'which of the outputs of the device; needs @device'),
      format: opt(ImageFormat, 'format of the picture (default ppm)'),
    },
    returns: nothing,
    errors: [
      'DeviceNotFound, if no device has that name',
      'GenericError, if @head is given without @device, or the machine has no display',
      'GenericError, if the file cannot be written',
    ],
    examples: [
      example(
        'a folder that does not exist',
        `
        -> { "execute": "screendump", "arguments": { "filename": "/nonexistent/x.ppm" } }
        <- { "error": { "class": "GenericError", "desc": "failed to open file '/nonexistent/x.ppm': No such file or directory" } }`,
        { options: '-nodefaults -vga std' },
      ),
    ],
    async run({ screenDump }, args, { signal }) {
      await screenDump.dump({ ...args, signal })
      return {}
    },
  }),
}
