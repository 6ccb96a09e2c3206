import { ImageFormat } from '../../commands/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { wordOf } from '../word-of.ts'

const command = hmpFamily<{}>()

/** Pictures of the screen. */
export const screenCommands = {
  screendump: command({
    args: 'filename:F,format:-fs,device:s?,head:i?',
    params: 'filename [-f format] [device [head]]',
    help: "save screen from head 'head' of display device 'device'in specified format 'format' as image 'filename'.Currently only 'png' and 'ppm' formats are supported.",
    async run({ qmp }, { filename, format, device, head }) {
      await qmp('screendump', {
        filename,
        ...(format !== undefined && { format: wordOf(ImageFormat, format) }),
        ...(device !== undefined && { device }),
        ...(head !== undefined && { head }),
      })
    },
  }),
}
