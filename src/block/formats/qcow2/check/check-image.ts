import type { CheckOptions, CheckResult } from '../../../open/driver.ts'
import type { Image } from '../image.ts'
import { CheckedImage } from './checked-image.ts'
import { examine, resultOf } from './examine.ts'
import { Mending } from './mending.ts'

/**
 * Walks over all tables of an image and compares what is counted with what is used; mends it if that is wanted. The
 * tables in memory are those in the file, and nobody uses the image meanwhile.
 *
 * A repair never makes more faults than there were, and takes no byte that an entry of any table reaches: what could be
 * read before can be read after it. Each step is made in memory, looked at, and dropped if it has made things worse.
 *
 * @throws {BlockError} if the image cannot be read or written, or if its table of snapshots cannot be understood; kind
 *   `invalid`, if it is too large
 */
export async function checkImage(image: Image, options: CheckOptions): Promise<CheckResult> {
  const { repair, report } = options
  const checked = new CheckedImage(image, options)
  if (repair === undefined) return resultOf(await examine(checked, options, report))
  const mending = new Mending(options, repair)
  const first = await mending.look(checked)
  if (first.examination.findings.total === 0) return resultOf(first.examination)
  const result = await mending.run(first)
  await image.reload()
  return result
}
