import {
  BlockError,
  type BlockNode,
  type CheckResult,
  type Repair,
  reasonOf,
  textOfBlockError,
} from '../../block/index.ts'
import { strerror } from '../../errno/index.ts'
import { print } from '../../json/index.ts'
import { Arguments } from '../arguments.ts'
import { UsageError } from '../program-error.ts'
import type { Output } from './img.ts'
import { graphFor, openImage, readCache } from './open.ts'
import { readOutputFormat } from './output-format.ts'
import { twoDigits } from './percent.ts'

const statuses = { sound: 0, failed: 1, corrupt: 2, leaking: 3, noChecks: 63 } as const

/** `vmon img check`: looks for faults in an image, and mends them if that is wanted. */
export async function check(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'f:format= r:repair= output= T= q object= image-opts U:force-share', 'check')
  const repair = readRepair(args.value('r'))
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting one image file name')
  const format = readOutputFormat(args.value('output'))
  const cache = readCache(args.value('T'), 'source cache option')
  await using graph = await graphFor(args, output)
  await using image = await openImage(graph, filename, {
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    forceShare: args.has('U'),
    writable: repair !== undefined,
    forCheck: true,
    ...(cache === undefined ? {} : { cache }),
  })
  const { node } = image
  const report = (text: string): void => output.warn(text)
  let result: CheckResult | undefined
  try {
    result = await node.driver.check?.({ ...(repair === undefined ? {} : { repair }), report })
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    if (error.kind === 'unsupported') return unchecked(output)
    // The check has told of what is wrong with other formats.
    if (error.kind === 'corrupt') output.complain(textOfBlockError(error))
    output.complain(`Check failed: ${failureOf(error)}`)
    return statuses.failed
  }
  if (result === undefined) return unchecked(output)
  const say = (text: string): void => {
    if (!args.has('q')) output.out(text)
  }
  if (result.leaksFixed > 0 || result.corruptionsFixed > 0) {
    if (format === 'human') say(repairedText(result))
    const { leaksFixed, corruptionsFixed } = result
    result = { ...(await node.driver.check!({ report })), leaksFixed, corruptionsFixed }
  }
  say(format === 'human' ? humanText(result) : `${print(jsonOf(filename, node, result), { pretty: true })}\n`)
  if (result.checkErrors > 0) output.complain('Check failed')
  return statusOf(result)
}

function unchecked(output: Output): number {
  output.complain('This image format does not support checks')
  return statuses.noChecks
}

/** The system's words for why a check could not be made. */
function failureOf(error: BlockError): string {
  const { code } = error.context
  if (code !== undefined) return strerror(code)
  return error.kind === 'corrupt' ? strerror('EINVAL') : reasonOf(error)
}

/** @throws {UsageError} */
function readRepair(word: string | undefined): Repair | undefined {
  if (word === undefined || word === 'leaks' || word === 'all') return word
  throw new UsageError(`Unknown option value for -r (expecting 'leaks' or 'all'): ${word}`)
}

function statusOf({ checkErrors, corruptions, leaks }: CheckResult): number {
  if (checkErrors > 0) return statuses.failed
  if (corruptions > 0) return statuses.corrupt
  return leaks > 0 ? statuses.leaking : statuses.sound
}

function repairedText({ leaksFixed, corruptionsFixed }: CheckResult): string {
  return (
    'The following inconsistencies were found and repaired:\n\n' +
    `    ${leaksFixed} leaked clusters\n    ${corruptionsFixed} corruptions\n\n` +
    'Double checking the fixed image now...\n'
  )
}

function humanText(result: CheckResult): string {
  const { corruptions, leaks, checkErrors, totalClusters, allocatedClusters, imageEndOffset } = result
  let text = ''
  if (corruptions + leaks + checkErrors === 0) text += 'No errors were found on the image.\n'
  if (corruptions > 0) {
    text +=
      `\n${corruptions} errors were found on the image.\n` +
      'Data may be corrupted, or further writes to the image may corrupt it.\n'
  }
  if (leaks > 0) {
    text +=
      `\n${leaks} leaked clusters were found on the image.\n` + 'This means waste of disk space, but no harm to data.\n'
  }
  if (checkErrors > 0) text += `\n${checkErrors} internal errors have occurred during the check.\n`
  if (totalClusters > 0 && allocatedClusters > 0) {
    const percent = (part: number, whole: number): string => `${twoDigits((part * 100) / whole)}%`
    text +=
      `${allocatedClusters}/${totalClusters} = ${percent(allocatedClusters, totalClusters)} allocated, ` +
      `${percent(result.fragmentedClusters, allocatedClusters)} fragmented, ` +
      `${percent(result.compressedClusters, allocatedClusters)} compressed clusters\n`
  }
  if (imageEndOffset > 0) text += `Image end offset: ${imageEndOffset}\n`
  return text
}

/** QAPI's ImageCheck: what is zero is left out, but for the errors of the check itself. */
function jsonOf(filename: string, { driver }: BlockNode, result: CheckResult): object {
  const some = (count: number): number | undefined => (count === 0 ? undefined : count)
  return {
    filename,
    format: driver.name,
    'check-errors': result.checkErrors,
    'image-end-offset': some(result.imageEndOffset),
    corruptions: some(result.corruptions),
    leaks: some(result.leaks),
    'corruptions-fixed': some(result.corruptionsFixed),
    'leaks-fixed': some(result.leaksFixed),
    'total-clusters': some(result.totalClusters),
    'allocated-clusters': some(result.allocatedClusters),
    'fragmented-clusters': some(result.fragmentedClusters),
    'compressed-clusters': some(result.compressedClusters),
  }
}
