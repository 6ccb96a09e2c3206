import { randomBytes } from 'node:crypto'
import { basename } from 'node:path'
import { BlockError } from '../../block-error.ts'
import { fileLength } from '../../create/file-length.ts'
import { writeNew } from '../../create/write-new.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { CreateRequest, Maker } from '../../open/create-request.ts'
import { takeVmdkOptions, type VmdkPlan } from './create-options.ts'
import { descriptorOffset, largestDescriptor, planSparse, writeSparse } from './create-sparse.ts'

/** A file with a part of the disk. */
interface NewExtent {
  /** As the text names it. */
  readonly filename: string
  /** Guest bytes. */
  readonly length: number
}

/** Looks whether there can be such an image. @throws {BlockError} in QEMU's words, of kind `invalid` or `unsupported` */
export function createVmdk(request: CreateRequest): Maker {
  const plan = takeVmdkOptions(request)
  const size = fileLength(request.size)
  const makeExtent = (length: number): Maker => {
    if (plan.flat) return (file) => file.truncate(length)
    const layout = planSparse(length, plan)
    return (file) => writeSparse(file, layout)
  }
  if (plan.extentSize === undefined) {
    const make = makeExtent(size)
    return async (file) => {
      const parent = await readParent(request)
      await checkUnused(request, 0)
      const text = describe(plan, size, parent, [{ filename: basename(file.filename), length: size }])
      await make(file)
      await file.write(descriptorOffset, text)
    }
  }
  const extents = divide(size, plan, request.filename)
  const makers = extents.map(({ length }) => makeExtent(length))
  if (request.openGiven === undefined) {
    for (const [index, { filename }] of extents.entries()) request.needFile(filename, makers[index]!)
  }
  return async (file) => {
    const parent = await readParent(request)
    const nodes = await openGiven(request, extents.length)
    const named = extents.map(({ filename, length }, index) => ({
      filename: basename(nodes[index]?.filename ?? filename),
      length,
    }))
    const text = describe(plan, size, parent, named)
    for (const [index, node] of nodes.entries()) await writeNew(node, makers[index]!)
    await file.truncate(0)
    await file.write(0, text, { grow: true })
  }
}

/** The parts of a disk, the longest first. Their files are beside that of the image, and are called after it. */
function divide(size: number, { flat, subformat, extentSize }: VmdkPlan, filename: string): NewExtent[] {
  const [, base = '', suffix = ''] = /^(.*?)(\.[^./]*)?$/s.exec(filename) ?? []
  const extents: NewExtent[] = []
  for (let start = 0; start < size; start += extentSize!) {
    const number = String(extents.length + 1).padStart(3, '0')
    const part = subformat === 'monolithicFlat' ? 'flat' : `${flat ? 'f' : 's'}${number}`
    extents.push({ filename: `${base}-${part}${suffix}`, length: Math.min(extentSize!, size - start) })
  }
  return extents
}

/** Opens the nodes that the user gives for the extents. @throws {BlockError} if they are more or fewer */
async function openGiven(request: CreateRequest, count: number): Promise<BlockNode[]> {
  if (request.openGiven === undefined) return []
  const nodes: BlockNode[] = []
  for (let index = 0; index < count; index++) {
    const node = await request.openGiven(index)
    if (node === undefined) throw new BlockError('invalid', `Extent [${index}] not specified`)
    nodes.push(node)
  }
  await checkUnused(request, count)
  return nodes
}

/** @throws {BlockError} if a node is given for an extent that there will not be; what cannot be opened does not count */
async function checkUnused({ openGiven }: CreateRequest, count: number): Promise<void> {
  const unused = await openGiven?.(count).catch((cause: unknown) => {
    if (!(cause instanceof BlockError)) throw cause
  })
  if (unused !== undefined) throw new BlockError('invalid', 'List of extents contains unused extents')
}

/** What stands in an image of the one behind it. */
interface Parent {
  readonly filename: string
  readonly cid: number
}

/** @throws {BlockError} if the backing image cannot be opened, or is of another format */
async function readParent({ backing, withBacking }: CreateRequest): Promise<Parent | undefined> {
  if (backing === undefined) return undefined
  const { filename, format } = backing
  if (format !== undefined && format !== 'vmdk') throw notVmdk()
  return withBacking!(backing, async (node) => {
    const specific = (await node.details()).formatSpecific
    if (specific?.['type'] !== 'vmdk') throw notVmdk()
    return { filename, cid: (specific['data'] as { readonly cid: number }).cid }
  })
}

function notVmdk(): BlockError {
  return new BlockError('invalid', 'backing_file must be a vmdk image')
}

/** The text that describes an image. @throws {BlockError} if there is no room for it */
function describe(
  { subformat, adapter, hardwareVersion, toolsVersion, flat }: VmdkPlan,
  size: number,
  parent: Parent | undefined,
  extents: readonly NewExtent[],
): Uint8Array {
  const heads = adapter === 'ide' ? 16 : 255
  const cylinders = Math.floor(size / 512 / heads / 63)
  const listed = extents.map(
    ({ filename, length }) => `RW ${length / 512} ${flat ? 'FLAT' : 'SPARSE'} "${filename}"${flat ? ' 0' : ''}\n`,
  )
  const text = Buffer.from(
    `# Disk DescriptorFile
version=1
CID=${randomBytes(4).readUInt32LE().toString(16)}
parentCID=${(parent?.cid ?? 0xffffffff).toString(16)}
createType="${subformat}"
${parent === undefined ? '' : `parentFileNameHint="${parent.filename}"`}
# Extent description
${listed.join('')}
# The Disk Data Base
#DDB

ddb.virtualHWVersion = "${hardwareVersion}"
ddb.geometry.cylinders = "${cylinders}"
ddb.geometry.heads = "${heads}"
ddb.geometry.sectors = "63"
ddb.adapterType = "${adapter}"
ddb.toolsVersion = "${toolsVersion}"
`,
  )
  if (text.length <= largestDescriptor) return text
  throw new BlockError('invalid', `The description of an image has at most ${largestDescriptor} bytes`)
}
