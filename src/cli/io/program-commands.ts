import type { OptionValues } from '../../block/index.ts'
import { IoComplaint, type IoTable, ioCommand, UsageComplaint } from '../../block-io/index.ts'
import { OptionError, parseOptionList } from '../../keyval/index.ts'
import { ProgramError } from '../program-error.ts'
import { cacheMode, checkAioMode, discardMode } from './modes.ts'
import { defaultMode, type OpenMode } from './open-image.ts'

/** The program, as its commands see it. */
export interface ImageHolder {
  /** @returns whether that has worked; if not, the user has been told */
  open(filename: string | undefined, how: { readonly mode: OpenMode; readonly options: OptionValues }): Promise<boolean>
  close(): Promise<void>
  quit(): void
  /** Operands are lists of options. */
  readonly imageOptions: boolean
}

/** Commands of a program that opens images itself. */
export function programCommands(holder: ImageHolder): IoTable {
  return {
    open: ioCommand({
      alias: 'o',
      words: { least: 1 },
      without: 'image',
      options: {
        s: 'flag',
        n: 'flag',
        C: 'flag',
        r: 'flag',
        o: 'text',
        k: 'flag',
        i: 'text',
        t: 'text',
        d: 'text',
        U: 'flag',
      },
      args: '[-rsCnkU] [-t cache] [-d discard] [-o options] [path]',
      oneline: 'open the file specified by path',
      help: `
 opens a new file in the requested mode

 Example:
 'open -n -o driver=raw /tmp/data' - opens raw data file read-write, uncached

 Opens a file for subsequent use by all of the other qemu-io commands.
 -r, -- open file read-only
 -s, -- use snapshot file
 -C, -- use copy-on-read
 -n, -- disable host cache, short for -t none
 -U, -- force shared permissions
 -k, -- use kernel AIO implementation (Linux only, prefer use of -i)
 -i, -- use AIO mode (threads, native or io_uring)
 -t, -- use the given cache mode for the image
 -d, -- use the given discard mode for the image
 -o, -- options to be given to the block driver
`,
      async run(_call, given, operands) {
        const { o: list, s, r, U, C, n, t, d, i } = given
        if (list !== undefined && holder.imageOptions) {
          throw new IoComplaint("--image-opts and 'open -o' are mutually exclusive\n")
        }
        if (operands.length > 1) throw new UsageComplaint()
        return await inWords(async () => {
          if (i !== undefined) checkAioMode(i)
          const mode: OpenMode = {
            ...defaultMode,
            ...(n === true ? cacheMode('none') : {}),
            ...(t === undefined ? {} : cacheMode(t)),
            ...(d === undefined ? {} : discardMode(d)),
            readOnly: r === true,
            copyOnRead: C === true,
            snapshot: s === true,
            forceShare: U === true,
          }
          const [operand] = operands
          const texts = [list, holder.imageOptions ? operand : undefined]
          const options = Object.assign({}, ...texts.map((text) => parseOptionList(text ?? '').toRecord()))
          return holder.open(holder.imageOptions ? undefined : operand, { mode, options })
        })
      },
    }),
    close: ioCommand({
      alias: 'c',
      words: { least: 0, most: 0 },
      oneline: 'close the current open file',
      run: () => holder.close(),
    }),
    quit: ioCommand({
      alias: 'q',
      words: { least: 0 },
      without: 'always',
      oneline: 'exit the program',
      run: () => holder.quit(),
    }),
  }
}

async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ProgramError || error instanceof OptionError) throw new IoComplaint(error.message, 'complain')
    throw error
  }
}
