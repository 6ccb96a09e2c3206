import { type BlockNode, combinePath, type ImageDetails, type Snapshot } from '../../block/index.ts'
import { qdictOrder } from '../../hash/index.ts'
import { print } from '../../json/index.ts'
import { Arguments } from './arguments.ts'
import type { Output } from './img.ts'
import { UsageError } from './img-error.ts'
import { sizeText } from './numbers.ts'
import { graphFor, openImage } from './open.ts'
import { readOutputFormat } from './output-format.ts'
import { snapshotTable } from './snapshot-table.ts'

/** `vmon img info`: says what an image is. */
export async function info(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'f:format= output= backing-chain object= image-opts U:force-share')
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting one image file name')
  const format = readOutputFormat(args.value('output'))
  const chain = args.has('backing-chain')
  const images: Image[] = []
  let next: NextImage | undefined = { filename, format: args.value('f'), imageOptions: args.has('image-opts') }
  const seen = new Set<string>()
  while (next !== undefined) {
    if (seen.has(next.filename)) {
      output.complain(`Backing file '${next.filename}' creates an infinite loop.`)
      return 1
    }
    seen.add(next.filename)
    await using graph = graphFor(args, output)
    await using image = await openImage(graph, next.filename, {
      ...next,
      forceShare: args.has('U'),
      noBacking: true,
      noIo: true,
    })
    const described = await describe(image.node, next)
    images.push(described)
    next = chain ? described.below : undefined
  }
  if (format === 'human') output.out(images.map(humanText).join('\n'))
  else output.out(`${print(chain ? images.map(jsonOf) : jsonOf(images[0]!), { pretty: true })}\n`)
  return 0
}

interface NextImage {
  readonly filename: string
  readonly format: string | undefined
  readonly imageOptions?: boolean
}

/** An image as it is shown. */
interface Image {
  readonly filename: string
  readonly format: string
  readonly length: number
  readonly details: ImageDetails
  readonly snapshots: readonly Snapshot[]
  /** The backing file's name, from where we are. */
  readonly fullBackingFilename: string | undefined
  readonly below: NextImage | undefined
}

async function describe(node: BlockNode, { filename, imageOptions }: NextImage): Promise<Image> {
  const details = await node.details()
  const { backingFilename, backingFormat } = details
  const asOptions = imageOptions === true || filename.startsWith('json:')
  const shown = asOptions ? shownName(node) : filename
  const full = backingFilename === undefined ? undefined : combinePath(shown, backingFilename)
  return {
    filename: shown,
    format: node.driver.name,
    length: node.length,
    details,
    snapshots: node.driver.snapshots?.list ?? [],
    fullBackingFilename: full,
    below: full === undefined ? undefined : { filename: full, format: backingFormat },
  }
}

/** As QEMU names an image that was opened by options: by its file, if that alone leads there. */
function shownName(node: BlockNode): string {
  return node.driver.filename === undefined ? node.filename : (node.child('file')?.filename ?? node.filename)
}

/** QAPI's ImageInfo. */
function jsonOf({ filename, format, length, details, snapshots, fullBackingFilename }: Image): object {
  return {
    filename,
    format,
    'dirty-flag': details.dirty ?? false,
    'actual-size': details.actualSize,
    'virtual-size': length,
    'cluster-size': details.clusterSize,
    encrypted: details.encrypted,
    'backing-filename': details.backingFilename,
    'full-backing-filename': fullBackingFilename,
    'backing-filename-format': details.backingFormat,
    snapshots: snapshots.length === 0 ? undefined : snapshots.map(jsonOfSnapshot),
    'format-specific': details.formatSpecific,
  }
}

function jsonOfSnapshot({ id, name, vmStateSize, date, vmClockNanoseconds, instructionCount }: Snapshot): object {
  return {
    id,
    name,
    'vm-state-size': vmStateSize,
    'date-sec': date.seconds,
    'date-nsec': date.nanoseconds,
    'vm-clock-sec': vmClockNanoseconds / 1_000_000_000n,
    'vm-clock-nsec': vmClockNanoseconds % 1_000_000_000n,
    icount: instructionCount,
  }
}

function humanText({ filename, format, length, details, snapshots, fullBackingFilename }: Image): string {
  const { actualSize, clusterSize, dirty, backingFilename, backingFormat, formatSpecific } = details
  const lines = [
    `image: ${filename}`,
    `file format: ${format}`,
    `virtual size: ${sizeText(length)} (${length} bytes)`,
    `disk size: ${actualSize === undefined ? 'unavailable' : sizeText(actualSize)}`,
  ]
  if (details.encrypted === true) lines.push('encrypted: yes')
  if (clusterSize !== undefined) lines.push(`cluster_size: ${clusterSize}`)
  if (dirty === true) lines.push('cleanly shut down: no')
  if (backingFilename !== undefined) {
    const elsewhere = backingFilename === fullBackingFilename ? '' : ` (actual path: ${fullBackingFilename})`
    lines.push(`backing file: ${backingFilename}${elsewhere}`)
    if (backingFormat !== undefined) lines.push(`backing file format: ${backingFormat}`)
  }
  if (snapshots.length > 0) lines.push('Snapshot list:', ...snapshotTable(snapshots))
  const specifics = formatSpecific?.['data']
  if (specifics !== undefined) {
    lines.push('Format specific information:', ...indented(specifics as Record<string, unknown>, 1))
  }
  return `${lines.join('\n')}\n`
}

/** Nested values, one a line, as QEMU shows them to people. */
function indented(values: Readonly<Record<string, unknown>> | readonly unknown[], depth: number): string[] {
  const margin = '    '.repeat(depth)
  const keys = Object.keys(values)
  return (Array.isArray(values) ? keys : qdictOrder(keys)).flatMap((key) => {
    const value = (values as Readonly<Record<string, unknown>>)[key]
    const name = Array.isArray(values) ? `[${key}]` : key.replaceAll('-', ' ')
    if (typeof value !== 'object' || value === null) return [`${margin}${name}: ${String(value)}`]
    return [`${margin}${name}:`, ...indented(value as Record<string, unknown>, depth + 1)]
  })
}
