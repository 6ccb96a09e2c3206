import { OptionError, parseOptionList } from '../../keyval/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import { cacheModes } from '../cache-modes.ts'
import { ioCommand } from '../io-command.ts'
import { IoComplaint, UsageComplaint } from '../io-complaint.ts'

/** Opens the image anew, with other options. */
export const reopenCommands = {
  reopen: ioCommand({
    words: { least: 0 },
    options: { c: 'text', o: 'text', r: 'flag', w: 'flag' },
    args: '[(-r|-w)] [-c cache] [-o options]',
    oneline: 'reopens an image with new options',
    help: `
 Changes the open options of an already opened image

 Example:
 'reopen -o lazy-refcounts=on' - activates lazy refcount writeback on a qcow2 image

 -r, -- Reopen the image read-only
 -w, -- Reopen the image read-write
 -c, -- Change the cache mode to the given value
 -o, -- Changes block driver options (cf. 'open' command)

`,
    async run(call, { c: word, o: list, r, w }, operands) {
      const image = call.image()
      const mode = word === undefined ? undefined : ownEntry(cacheModes, word)
      if (word !== undefined && mode === undefined) refuse(`Invalid cache option: ${word}`)
      if (r === true && w === true) refuse('Only one -r/-w option may be given')
      const given = list === undefined ? {} : readList(list)
      if (operands.length > 0) throw new UsageComplaint()
      const writeback = mode === undefined ? call.access.writeback : !mode.writethrough
      if (writeback !== call.access.writeback && call.access.hasDevice) {
        refuse('Cannot change cache.writeback: Device attached')
      }
      const readOnly = r === true || (w !== true && image.readOnly)
      const saysCache = 'cache.direct' in given || 'cache.no-flush' in given
      if ('read-only' in given && (r === true || w === true)) refuse("Cannot set both -r/-w and 'read-only'")
      if (saysCache && mode !== undefined) refuse('Cannot set both -c and the cache options')
      const { direct, noFlush } = mode ?? image.cache
      const options = {
        'read-only': readOnly,
        ...(!saysCache && { 'cache.direct': direct, 'cache.no-flush': noFlush }),
        ...given,
      }
      await call.access.reopen({ options, writeback, readOnly })
    },
  }),
}

function readList(text: string) {
  try {
    return parseOptionList(text).toRecord()
  } catch (error) {
    throw error instanceof OptionError ? new IoComplaint(error.message, 'complain') : error
  }
}

function refuse(text: string): never {
  throw new IoComplaint(text, 'complain')
}
