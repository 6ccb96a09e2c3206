import { type BlockNode, combinePath, type ImageInfo, imageInfo, imageText } from '../../block/index.ts'
import { print } from '../../json/index.ts'
import { Arguments } from '../arguments.ts'
import { UsageError } from '../program-error.ts'
import type { Output } from './img.ts'
import { graphFor, openImage } from './open.ts'
import { readOutputFormat } from './output-format.ts'

/** `vmon img info`: says what an image is. */
export async function info(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'f:format= output= backing-chain object= image-opts U:force-share', 'info')
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting one image file name')
  const format = readOutputFormat(args.value('output'))
  const chain = args.has('backing-chain')
  const images: ImageInfo[] = []
  let next: NextImage | undefined = { filename, format: args.value('f'), imageOptions: args.has('image-opts') }
  const seen = new Set<string>()
  while (next !== undefined) {
    if (seen.has(next.filename)) {
      output.complain(`Backing file '${next.filename}' creates an infinite loop.`)
      return 1
    }
    seen.add(next.filename)
    await using graph = await graphFor(args, output)
    await using image = await openImage(graph, next.filename, {
      ...next,
      forceShare: args.has('U'),
      noBacking: true,
      noIo: true,
    })
    const described = await describe(image.node, next)
    images.push(described.info)
    next = chain ? described.below : undefined
  }
  if (format === 'human') output.out(images.map(imageText).join('\n'))
  else output.out(`${print(chain ? images : images[0]!, { pretty: true })}\n`)
  return 0
}

interface NextImage {
  readonly filename: string
  readonly format: string | undefined
  readonly imageOptions?: boolean
}

/** An image as it is shown, and where the one behind it is. */
interface Described {
  readonly info: ImageInfo
  readonly below: NextImage | undefined
}

async function describe(node: BlockNode, { filename, imageOptions }: NextImage): Promise<Described> {
  const asOptions = imageOptions === true || /^(json|file|nbd(\+tcp|\+unix)?):/.test(filename)
  const shown = asOptions ? shownName(node) : filename
  const known = await imageInfo(node, { flat: true })
  const backing = known['backing-filename']
  if (backing === undefined) return { info: { ...known, filename: shown }, below: undefined }
  // Seen from where we are.
  const path = asOptions ? known['full-backing-filename']! : combinePath(shown, backing)
  return {
    info: { ...known, filename: shown, 'full-backing-filename': path },
    below: { filename: path, format: known['backing-filename-format'] },
  }
}

/** As QEMU names an image that was opened by options: by its file, if that alone leads there. */
function shownName(node: BlockNode): string {
  const file = node.child('file')
  // That no backing file is open is not the user's choice, but ours.
  const needed = Object.keys(node.driver.fullOptions()).filter((key) => !['driver', 'file', 'backing'].includes(key))
  return file === undefined || needed.length > 0 ? node.filename : file.filename
}
