import {
  BlockError,
  combinePath,
  driverNames,
  keepContents,
  type NodeGraph,
  storageName,
  textOfBlockError,
} from '../../block/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError, UsageError } from '../program-error.ts'
import type { Output } from './img.ts'
import { graphFor, type OpenImage, type OpenMode, openImage, readCache } from './open.ts'
import { Progress } from './progress.ts'

/** `vmon img rebase`: gives an image another backing file, or none; what the guest sees stays, unless `-u` says so. */
export async function rebase(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'f= F:backing-format= b= u p t= T= q U:force-share object= image-opts', 'rebase')
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting one image file name')
  const backing = args.value('b')
  const unsafe = args.has('u')
  if (backing === undefined && !unsafe) throw new UsageError('Must specify backing file (-b) or use unsafe mode (-u)')
  const cache = readCache(args.value('t'), 'cache option')
  const sourceCache = readCache(args.value('T'), 'source cache option')
  const format = args.value('F')
  await using progress = new Progress(args.has('p') && !args.has('q') ? output : undefined).begin()
  progress.show(0)
  await using graph = await graphFor(args, output)
  await using image = await openImage(graph, filename, {
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    writable: true,
    noBacking: unsafe,
    ...(cache === undefined ? {} : { cache }),
  })
  if (format !== undefined && !driverNames.includes(format)) throw new ProgramError(`Invalid format name: '${format}'`)
  if (!unsafe) {
    const mode = { format, ...(sourceCache === undefined ? {} : { cache: sourceCache }) }
    await using fresh = await openNewBacking(graph, image, backing!, mode)
    checkNaming(image, backing!, format)
    try {
      await keepContents(image.node, fresh?.node, {
        through: image.target,
        progress: (percent) => progress.show(percent),
      })
    } catch (error) {
      throw error instanceof BlockError ? new ProgramError(error.message) : error
    }
  }
  progress.show(100)
  await nameBacking(image, backing ?? '', format)
  return 0
}

/** @returns nothing, if there is to be none @throws {ProgramError} */
async function openNewBacking(
  graph: NodeGraph,
  { node }: OpenImage,
  name: string,
  mode: OpenMode,
): Promise<OpenImage | undefined> {
  if (name === '') return undefined
  try {
    return await openImage(graph, combinePath(storageName(node), name), mode)
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error
    throw new ProgramError(
      error.message.replace(/^Could not open '.*?': /s, `Could not open new backing file '${name}': `),
    )
  }
}

/** Looks whether the image can name the backing file, before anything is written for it. @throws {ProgramError} */
function checkNaming({ node }: OpenImage, backing: string, format: string | undefined): void {
  const complaint = `Could not change the backing file to '${backing}'`
  if (backing !== '' && format === undefined) throw new ProgramError(`${complaint}: backing format must be specified`)
  if (node.driver.nameBacking === undefined) throw new ProgramError(`${complaint}: Operation not supported`)
}

async function nameBacking(image: OpenImage, backing: string, format: string | undefined): Promise<void> {
  checkNaming(image, backing, format)
  try {
    await image.node.driver.nameBacking!(backing === '' ? undefined : { filename: backing, format })
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    const reason = error.kind === 'invalid' ? 'No space left in the file header' : textOfBlockError(error)
    throw new ProgramError(`Could not change the backing file to '${backing}': ${reason}`)
  }
}
