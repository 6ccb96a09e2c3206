import { amendNode, OptionBag } from '../../block/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError, UsageError } from '../program-error.ts'
import { amendHelp, readAmendOptions } from './amend-options.ts'
import { checkOptionLists, wantsHelp } from './create-options.ts'
import type { Output } from './img.ts'
import { graphFor, openImage, readCache } from './open.ts'
import { Progress } from './progress.ts'

/** `vmon img amend`: gives an image that is there other features. */
export async function amend(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'o= f= t= p q force object= image-opts', 'amend')
  const texts = args.values('o')
  checkOptionLists(texts)
  if (texts.length === 0) throw new UsageError('Must specify options (-o)')
  const format = args.value('f')
  if (format !== undefined && wantsHelp(texts)) {
    output.out(amendHelp(format))
    return 0
  }
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new ProgramError('Expecting one image file name')
  const cache = readCache(args.value('t') ?? 'writeback', 'cache option')!
  if (args.has('image-opts') && format !== undefined) {
    throw new ProgramError('--image-opts and --format are mutually exclusive')
  }
  await using progress = new Progress(args.has('p') && !args.has('q') ? output : undefined).begin()
  await using graph = await graphFor(args, output)
  await using image = await openImage(graph, filename, {
    format,
    imageOptions: args.has('image-opts'),
    writable: true,
    cache,
  })
  const { driver } = image.node
  if (wantsHelp(texts)) {
    output.out(amendHelp(driver.name))
    return 0
  }
  if (driver.amend === undefined) {
    throw new ProgramError(`Format driver '${driver.name}' does not support option amendment`)
  }
  const options = new OptionBag(readAmendOptions(driver.name, texts))
  progress.show(0)
  try {
    await amendNode(image.node, {
      options,
      force: args.has('force'),
      progress: (done, total) => progress.show((100 * done) / total),
    })
  } finally {
    progress.show(100)
  }
  return 0
}
