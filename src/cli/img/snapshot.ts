import { BlockError, type Snapshots, snapshotInfo, snapshotTable } from '../../block/index.ts'
import { errorNumber, strerror } from '../../errno/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError, UsageError } from '../program-error.ts'
import type { Output } from './img.ts'
import { graphFor, openImage } from './open.ts'

const actions = ['l', 'a', 'c', 'd'] as const

/** `vmon img snapshot`: lists, makes, applies and deletes an image's internal snapshots. */
export async function snapshot(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'l a= c= d= q object= image-opts U:force-share', 'snapshot')
  const wanted = args.options.filter(([name]) => (actions as readonly string[]).includes(name))
  if (wanted.length > 1) throw new UsageError("Cannot mix '-l', '-a', '-c', '-d'")
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting one image file name')
  const [action, name = ''] = wanted[0] ?? []
  await using graph = await graphFor(args, output)
  await using image = await openImage(graph, filename, {
    imageOptions: args.has('image-opts'),
    forceShare: args.has('U'),
    writable: action !== 'l',
    discard: true,
  })
  const { snapshots } = image.node.driver
  if (action === 'l' && snapshots !== undefined && snapshots.list.length > 0) {
    output.out(`Snapshot list:\n${snapshotTable(snapshots.list.map(snapshotInfo)).join('\n')}\n`)
  }
  if (action === 'c') await make(snapshots, name)
  if (action === 'a') await apply(snapshots, name, output)
  if (action === 'd') await remove(snapshots, name)
  return 0
}

async function make(snapshots: Snapshots | undefined, name: string): Promise<void> {
  const complaint = `Could not create snapshot '${name}'`
  if (snapshots === undefined) throw new ProgramError(`${complaint}: -95 (Operation not supported)`)
  try {
    // As with QEMU: nobody has run, so nobody has counted, and that is written as none.
    await snapshots.create({ name, instructionCount: 0n })
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    const { code } = error.context
    const number = code === undefined ? undefined : errorNumber(code)
    throw new ProgramError(`${complaint}: ${number === undefined ? error.message : `-${number} (${error.message})`}`)
  }
}

async function apply(snapshots: Snapshots | undefined, name: string, output: Output): Promise<void> {
  const complaint = `Could not apply snapshot '${name}'`
  if (snapshots === undefined) throw new ProgramError(`${complaint}: Block driver does not support snapshots`)
  const found = snapshots.list.find(({ id }) => id === name) ?? snapshots.list.find((one) => one.name === name)
  await inWords(`${complaint}: Failed to load snapshot`, async () => {
    try {
      await snapshots.apply(found?.id ?? name)
    } catch (error) {
      if (!(error instanceof BlockError) || error.kind !== 'corrupt') throw error
      output.complain(error.message)
      throw new BlockError('corrupt', strerror(error.context.code ?? 'EINVAL'))
    }
  })
}

async function remove(snapshots: Snapshots | undefined, name: string): Promise<void> {
  const found = snapshots?.list.find((one) => one.name === name)
  if (snapshots === undefined || found === undefined) {
    throw new ProgramError(`Could not delete snapshot '${name}': snapshot not found`)
  }
  await inWords(`Could not delete snapshot '${name}'`, () => snapshots.delete(found.id))
}

async function inWords(complaint: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new ProgramError(`${complaint}: ${error.kind === 'missing' ? 'No such file or directory' : error.message}`)
  }
}
