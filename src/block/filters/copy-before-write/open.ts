import { using } from '../../bitmaps/index.ts'
import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { FilterDefinition, FilterRequest } from '../../open/driver.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import { BlockCopy } from './block-copy.ts'
import { CopyBeforeWriteDriver, type CopyErrorPolicy, copyErrorPolicies } from './copy-before-write-driver.ts'
import { copyClusterSize } from './copy-cluster-size.ts'

const own = ['bitmap.node', 'bitmap.name', 'on-cbw-error', 'cbw-timeout']

/** Copies what is about to be overwritten to another node. */
export const copyBeforeWrite: FilterDefinition = {
  name: 'copy-before-write',
  kind: 'format',
  child: 'file',

  async open({ options, child, openOther, find }: FilterRequest): Promise<CopyBeforeWriteDriver> {
    const given = options.pick(own)
    const target = await openOther('target')
    const visible = takeBitmap(options, find)
    const onError = takePolicy(options)
    const timeoutMs = (options.takeInteger('cbw-timeout') ?? 0) * 1000
    const clusterSize = await copyClusterSize(target)
    const copy = new BlockCopy({ source: child, target, clusterSize, wanted: visible })
    return new CopyBeforeWriteDriver(child, copy, { onError, timeoutMs, given, visible })
  },
}

/** @throws {BlockError} kinds `missing`, and of `DirtyBitmap.check()` */
function takeBitmap(options: OptionBag, find: (name: string) => BlockNode | undefined) {
  const node = options.takeString('bitmap.node')
  const name = options.takeString('bitmap.name')
  if (node === undefined || name === undefined) return undefined
  const image = find(node)
  if (image === undefined) throw new BlockError('missing', `Node '${node}' not found`, { node })
  const bitmap = image.bitmaps.named(name)
  bitmap.check(using)
  return bitmap
}

/** @throws {BlockError} kind `invalid` */
function takePolicy(options: OptionBag): CopyErrorPolicy {
  const word = options.takeString('on-cbw-error') ?? 'break-guest-write'
  const policy = copyErrorPolicies.find((known) => known === word)
  if (policy !== undefined) return policy
  throw new BlockError('invalid', `Parameter 'on-cbw-error' does not accept value '${word}'`)
}
