import type { CheckOptions, CheckResult } from '../../../open/driver.ts'
import type { CheckedImage } from './checked-image.ts'
import { CountComparison } from './count-comparison.ts'
import { Findings, type Phase } from './findings.ts'
import { eachActiveEntry, ownershipText } from './ownership.ts'
import { ReferenceWalk } from './reference-walk.ts'
import { type CheckedSnapshots, checkSnapshots } from './snapshots.ts'

/** All that one look at an image has shown. */
export interface Examination {
  readonly image: CheckedImage
  readonly findings: Findings
  readonly snapshots: CheckedSnapshots
  readonly walk: ReferenceWalk
  readonly counts: CountComparison
}

/**
 * Walks over all tables of an image and compares what is counted with what is used.
 *
 * @param report - is told of each fault, in the words of QEMU's that fit what `repair` will do with it
 * @throws {BlockError}
 */
export async function examine(
  image: CheckedImage,
  { repair }: CheckOptions,
  report?: (text: string, phase: Phase) => void,
): Promise<Examination> {
  const findings = new Findings(report)
  findings.mendsEntries = repair === 'all'
  const snapshots = await checkSnapshots(image, repair, findings)
  findings.phase = 'tables'
  const walk = new ReferenceWalk(image, snapshots, findings)
  await walk.run()
  findings.phase = 'counts'
  const counts = new CountComparison(image, walk, findings)
  await counts.run()
  findings.phase = 'ownership'
  await eachActiveEntry({ image, walk, counts }, (entry) => {
    findings.fault(ownershipText(entry))
    return false
  })
  return { image, findings, snapshots, walk, counts }
}

export function resultOf({ image, findings }: Examination): CheckResult {
  const { header, geometry } = image
  return {
    corruptions: findings.corruptions,
    leaks: findings.leaks,
    corruptionsFixed: 0,
    leaksFixed: 0,
    checkErrors: findings.checkErrors,
    // The guest sees whole sectors.
    totalClusters: Math.ceil((Math.floor(header.size / 512) * 512) / geometry.clusterSize),
    allocatedClusters: findings.allocated,
    compressedClusters: findings.compressed,
    fragmentedClusters: findings.fragmented,
    imageEndOffset: findings.end,
  }
}
