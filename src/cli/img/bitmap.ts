import {
  BlockError,
  type BlockNode,
  bitmapChanging,
  bitmapUsing,
  checkBitmapName,
  defaultGranularity,
  textOfBlockError,
} from '../../block/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError } from '../program-error.ts'
import type { Output } from './img.ts'
import { readNumber } from './numbers.ts'
import { graphFor, type OpenImage, openImage } from './open.ts'

const actions = ['add', 'remove', 'clear', 'enable', 'disable', 'merge'] as const
type Action = (typeof actions)[number]

interface Target {
  readonly node: BlockNode
  readonly name: string
  readonly granularity: number | undefined
  /** Where the bitmaps are that are merged. */
  readonly source: BlockNode
}

/** `vmon img bitmap`: changes the bitmaps that an image keeps, one action after the other. */
export async function bitmap(argv: readonly string[], output: Output): Promise<number> {
  const known =
    'b:source-file= f= F:source-format= g:granularity= object= image-opts add remove clear enable disable merge='
  const args = new Arguments(argv, known, 'bitmap')
  const wanted = args.options.filter((option): option is [Action, string] =>
    (actions as readonly string[]).includes(option[0]),
  )
  const granularity = args.has('g') ? readNumber('granularity', args.value('g')!) : undefined
  if (wanted.length === 0) {
    throw new ProgramError('Need at least one of --add, --remove, --clear, --enable, --disable, or --merge')
  }
  checkOptions(args, wanted, granularity)
  const [filename, name] = args.operands
  if (filename === undefined || name === undefined || args.operands.length > 2) {
    throw new ProgramError('Expecting filename and bitmap name')
  }
  if (args.has('image-opts') && args.has('f')) {
    throw new ProgramError('--image-opts and --format are mutually exclusive')
  }
  await using graph = await graphFor(args, output)
  await using image = await openImage(graph, filename, {
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    writable: true,
    noBacking: true,
  })
  let other: OpenImage | undefined
  try {
    // Nobody reads what the guest sees: whatever is below it, and whoever writes there, makes no difference.
    if (args.has('b')) {
      other = await openImage(graph, args.value('b')!, { format: args.value('F'), noIo: true, noBacking: true })
    }
    const target = { node: image.node, name, granularity, source: other?.node ?? image.node }
    for (const [action, value] of wanted) await inWords(action, name, () => run[action](target, value))
    return 0
  } finally {
    await other?.[Symbol.asyncDispose]()
  }
}

/** @throws {ProgramError} in QEMU's words */
function checkOptions(args: Arguments, wanted: readonly [Action, string][], granularity: number | undefined): void {
  const has = (action: Action): boolean => wanted.some(([other]) => other === action)
  if (granularity !== undefined && granularity !== 0 && !has('add')) {
    throw new ProgramError('granularity only supported with --add')
  }
  if (args.has('F') && !args.has('b')) throw new ProgramError('-F only supported with -b')
  if (args.has('b') && !has('merge')) throw new ProgramError('Merge bitmap source file only supported with --merge')
}

const run: Readonly<Record<Action, (target: Target, value: string) => Promise<void>>> = {
  async add({ node, name, granularity }) {
    checkBitmapName(name)
    const chosen =
      granularity === undefined || granularity === 0
        ? defaultGranularity((await node.details()).clusterSize)
        : Number(BigInt.asUintN(32, BigInt(granularity)))
    node.bitmaps.add({ name, granularity: chosen, persistent: true }, node.name)
  },
  async remove({ node, name }) {
    const found = node.bitmaps.named(name)
    await node.bitmaps.unkeep(found)
    node.bitmaps.drop(found)
  },
  async clear({ node, name }) {
    const found = node.bitmaps.named(name)
    found.check(bitmapChanging)
    found.clear()
  },
  async enable({ node, name }) {
    switchTo(node, name, true)
  },
  async disable({ node, name }) {
    switchTo(node, name, false)
  },
  async merge({ node, name, source }, from) {
    const target = node.bitmaps.named(name)
    node.bitmaps.merge(target, [source.bitmaps.named(from)])
  },
}

function switchTo(node: BlockNode, name: string, recording: boolean): void {
  const found = node.bitmaps.named(name)
  found.check(bitmapUsing)
  found.recording = recording
}

async function inWords(action: Action, name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new ProgramError(`Operation ${action} on bitmap ${name} failed: ${textOfBlockError(error)}`)
  }
}
