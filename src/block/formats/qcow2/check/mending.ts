import type { CheckOptions, CheckResult, Repair } from '../../../open/driver.ts'
import { bitmapsExtensionType } from '../bitmap-directory.ts'
import { autoclear } from '../features.ts'
import type { CheckedImage } from './checked-image.ts'
import { type Examination, examine, resultOf } from './examine.ts'
import { mendCounts, needsRebuild } from './mend-counts.ts'
import { mendEntries } from './mend-entries.ts'
import { mendSnapshots } from './mend-snapshots.ts'
import { eachActiveEntry, mendOwnership, ownershipText } from './ownership.ts'
import { rebuildCounts } from './rebuild-counts.ts'

/** An examination, and what there is to say of tables and snapshots. */
interface Look {
  readonly examination: Examination
  readonly texts: readonly string[]
}

interface MendedCounts {
  readonly last: Examination
  /** Entries that said wrongly, beside the new counts, that a cluster was theirs alone, or was not. */
  readonly misleading: number
}

/**
 * The steps of a repair. They tell what they find in the order of QEMU: faults of tables first, then counts as they were
 * found, then what becomes of them, and last the entries that say wrongly that a cluster is theirs alone.
 */
export class Mending {
  readonly #options: CheckOptions
  readonly #repair: Repair

  constructor(options: CheckOptions, repair: Repair) {
    this.#options = options
    this.#repair = repair
  }

  async look(image: CheckedImage): Promise<Look> {
    const texts: string[] = []
    const examination = await examine(image, this.#options, (text, phase) => {
      if (phase === 'snapshots' || phase === 'tables') texts.push(text)
    })
    return { examination, texts }
  }

  async run({ examination, texts }: Look): Promise<CheckResult> {
    for (const text of texts) this.#tell(text)
    let current = examination
    if (this.#repair === 'all') {
      if (current.findings.brokenSnapshots > 0) {
        current = (await this.#step(current, (examination) => this.#moveSnapshots(examination))) ?? current
      }
      if (current.findings.brokenEntries > 0) current = (await this.#step(current, mendEntries)) ?? current
    }
    for (const cluster of current.counts.differences.keys()) this.#tell(current.counts.textOf(cluster))
    const found = {
      corruptions: examination.findings.corruptionsIn('snapshots', 'tables') + current.findings.corruptionsIn('counts'),
      leaks: current.findings.leaks,
    }
    if (current.counts.differences.size > 0) current = (await this.#step(current, forgetBitmaps)) ?? current
    const rebuilds = this.#repair === 'all' && needsRebuild(current)
    const { last, misleading } = (rebuilds ? await this.#rebuild(current) : undefined) ?? (await this.#correct(current))
    const result = resultOf(last)
    return {
      ...result,
      corruptionsFixed: Math.max(0, found.corruptions + misleading - result.corruptions),
      leaksFixed: Math.max(0, found.leaks - result.leaks),
    }
  }

  #tell(text: string): void {
    this.#options.report?.(text)
  }

  /** Writes the table of snapshots elsewhere: the clusters of both places are counted rightly then. */
  async #moveSnapshots(before: Examination): Promise<void> {
    await mendSnapshots(before)
    if (!before.image.file.changed) return
    const { examination } = await this.look(before.image)
    await mendCounts(examination, 'all', (cluster) => !before.counts.differences.has(cluster))
  }

  /** Counts anew. @returns undefined, if that cannot be done, or makes it worse */
  async #rebuild(current: Examination): Promise<MendedCounts | undefined> {
    if (!(await rebuildCounts(current))) return undefined
    const made = await this.look(current.image)
    const texts = ['Rebuilding refcount structure', ...made.texts]
    const freed = [...current.walk.references].filter((cluster) => lost(cluster) > 0).sort((one, other) => one - other)
    for (const cluster of freed) {
      const left = made.examination.walk.counted(cluster)
      texts.push(`Repairing cluster ${cluster} refcount=${left + lost(cluster)} reference=${left}`)
    }
    return this.#finish(current, made.examination, texts)

    function lost(cluster: number): number {
      return current.walk.counted(cluster) - made.examination.walk.counted(cluster)
    }
  }

  /** Corrects counts where they are, as far as that is safe. */
  async #correct(current: Examination): Promise<MendedCounts> {
    await mendCounts(current, this.#repair)
    const { examination } = await this.look(current.image)
    const before = current.counts.differences
    const after = examination.counts.differences
    const texts = (mended: boolean): string[] =>
      Array.from(before, ([cluster, count]) => current.counts.textOf(cluster, mended && after.get(cluster) !== count))
    const mended = await this.#finish(current, examination, texts(true))
    if (mended !== undefined) return mended
    for (const text of texts(false)) this.#tell(text)
    await eachActiveEntry(current, (entry) => {
      this.#tell(ownershipText(entry))
      return false
    })
    return { last: current, misleading: current.findings.corruptionsIn('ownership') }
  }

  /**
   * Lets entries say what the new counts say, and brings all of it into the file.
   *
   * @param made - how it looks with the new counts
   * @param texts - what there is to say of these
   * @returns undefined, if it is worse than before, and so dropped
   */
  async #finish(current: Examination, made: Examination, texts: string[]): Promise<MendedCounts | undefined> {
    const { image, findings } = current
    await mendOwnership(made, (text) => texts.push(text))
    const last = (await this.look(image)).examination
    if (last.findings.total > findings.total) {
      image.drop()
      return undefined
    }
    await image.commit()
    for (const text of texts) this.#tell(text)
    return { last, misleading: made.findings.corruptionsIn('ownership') }
  }

  /** Changes an image, if that does not make it worse. @returns undefined, if it stays as it is */
  async #step(
    current: Examination,
    change: (examination: Examination) => Promise<unknown>,
  ): Promise<Examination | undefined> {
    const { image, findings } = current
    await change(current)
    if (!image.file.changed) return undefined
    const { examination } = await this.look(image)
    if (examination.findings.total <= findings.total) {
      await image.commit()
      return examination
    }
    image.drop()
    return undefined
  }
}

/** Bitmaps that are out of date are nobody's: the header names them no more. */
async function forgetBitmaps({ image, walk }: Examination): Promise<void> {
  const { header, extensions, geometry } = image
  const named = extensions.others.some(({ type }) => type === bitmapsExtensionType)
  if (!named || (header.autoclear & autoclear.bitmaps) !== 0n || !walk.isOnly(0, geometry.clusterSize)) return
  await image.dropExtension(bitmapsExtensionType)
}
