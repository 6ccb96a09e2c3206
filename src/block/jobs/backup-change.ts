import type { GraphChange } from '../drives/graph-change.ts'
import { type BackupToFile, type BackupToNode, makeBackup } from './backup-start.ts'
import type { JobPlace, NewImageJob } from './image-job.ts'
import type { JobGroup } from './job-group.ts'
import { settled, turn } from './job-set.ts'

/** Starts a backup: what it copies is what the image holds when all steps are prepared. */
export class BackupChange implements GraphChange {
  readonly name: 'drive-backup' | 'blockdev-backup'
  readonly canBeGrouped = true
  readonly #place: JobPlace
  readonly #options: BackupToFile | BackupToNode
  readonly #group: JobGroup | undefined
  #made: NewImageJob | undefined
  #started = false

  constructor(place: JobPlace, options: BackupToFile | BackupToNode, group: JobGroup | undefined) {
    this.name = 'targetNode' in options ? 'blockdev-backup' : 'drive-backup'
    this.#place = place
    this.#options = options
    this.#group = group
  }

  async prepare(): Promise<void> {
    this.#made = await makeBackup(this.#place, { ...this.#options, group: this.#group })
  }

  async abort(): Promise<void> {
    const job = this.#made?.job
    if (job === undefined || job.status === 'null') return
    job.requestCancel(true)
    await job.group.completed(job)
  }

  /** It stands still until the guest goes on. */
  async commit(): Promise<void> {
    const job = this.#made?.job
    if (job === undefined) return
    this.#started = true
    job.hold()
    job.start()
    await turn()
  }

  async finish(): Promise<void> {
    if (this.#started) this.#made?.job.release()
  }

  /** Lets it do at first what its speed allows. */
  async begun(): Promise<void> {
    const job = this.#made?.job
    if (job !== undefined && this.#started && job.speed !== 0) await settled(job)
  }
}
