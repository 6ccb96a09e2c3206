import { QmpError } from '../../qapi/index.ts'
import { hmpFamily } from '../hmp-command.ts'

const command = hmpFamily<{}>()

/** Guest memory for debuggers. */
export const dumpCommands = {
  'dump-guest-memory': command({
    args: 'paging:-p,detach:-d,windmp:-w,zlib:-z,lzo:-l,snappy:-s,filename:F,begin:l?,length:l?',
    params: '[-p] [-d] [-z|-l|-s|-w] filename [begin length]',
    help:
      "dump guest memory into file 'filename'.\n\t\t\t-p: do paging to get guest's memory mapping.\n\t\t\t-d: return immediately (do not wait for completion).\n" +
      '\t\t\t-z: dump in kdump-compressed format, with zlib compression.\n\t\t\t-l: dump in kdump-compressed format, with lzo compression.\n\t\t\t-s: dump in kdump-compressed format, with snappy compression.\n' +
      '\t\t\t-w: dump in Windows crashdump format (can be used instead of ELF-dump converting),\n\t\t\t    for Windows x86 and x64 guests with vmcoreinfo driver only.\n' +
      '\t\t\tbegin: the starting physical address.\n\t\t\tlength: the memory size, in bytes.',
    async run({ qmp }, { paging, detach, windmp, zlib, lzo, snappy, filename, begin, length }) {
      if ([windmp, zlib, lzo, snappy].filter(Boolean).length > 1)
        throw new QmpError('GenericError', "only one of '-z|-l|-s|-w' can be set")
      const format = windmp ? 'win-dmp' : zlib ? 'kdump-zlib' : lzo ? 'kdump-lzo' : snappy ? 'kdump-snappy' : 'elf'
      const range = { ...(begin !== undefined && { begin }), ...(length !== undefined && { length }) }
      await qmp('dump-guest-memory', { paging, detach, protocol: `file:${filename}`, format, ...range })
    },
  }),
}
