import { deferred, pause } from '../async/index.ts'
import { AutoConverge } from './auto-converge.ts'
import { BitmapsOnTheWay } from './bitmaps-on-the-way.ts'
import type { Capabilities } from './capabilities.ts'
import type { Channel } from './channels/channel.ts'
import { ConnectionsOnTheWay } from './connections-on-the-way.ts'
import { DisksOnTheWay } from './disks-on-the-way.ts'
import { MigrationError } from './migration-error.ts'
import { PageCache } from './page-cache.ts'
import type { MigrationParameters } from './parameters.ts'
import { RateLimit } from './rate-limit.ts'
import type { MigrationStatistics } from './statistics.ts'
import { type Section, SectionReader, SectionWriter } from './stream/framing.ts'
import { MachineWriter, piecesOf, portionsOf } from './stream/machine-writer.ts'
import { type Pages, pageBytes } from './stream/ram-section.ts'
import type { MigrationSurroundings } from './surroundings.ts'

/** How long to listen for why the other side has hung up, in milliseconds. */
const patience = 1000

/** How often to try for images that the other side still holds: for some seconds. */
const triesToTakeBack = 100

export interface OutgoingOptions extends Omit<MigrationSurroundings, 'securing' | 'yankable'> {
  readonly channel: Channel
  readonly capabilities: Capabilities
  readonly parameters: () => MigrationParameters
  readonly statistics: MigrationStatistics
  /** Tells where the migration stands. */
  readonly stand: (status: 'active' | 'pre-switchover' | 'device') => void
  /** Counts a pass over RAM that begins, and tells of it. */
  readonly beginPass: () => void
  readonly signal: AbortSignal
}

/**
 * Sends a machine: RAM in passes while the guest runs, each with what has changed since the one before; when what
 * remains can go within the time that the guest may stand still, it is stopped, and the rest and its devices follow.
 *
 * The guest never runs on both sides: here it goes on only if the other side has not been told to run it.
 */
export class Outgoing {
  readonly #options: OutgoingOptions
  readonly #writer: MachineWriter
  readonly #limit: RateLimit
  readonly #switchover = deferred()
  readonly #autoConverge: AutoConverge | undefined
  /** Bytes that had gone out when the pass began. */
  #sentBefore = 0
  #disks: DisksOnTheWay | undefined
  #bitmaps: BitmapsOnTheWay | undefined
  #connections: ConnectionsOnTheWay | undefined
  /** How many sockets the other side says to have. */
  #received = Number.NaN
  /** What the other side says, which may be at any time that it refuses. */
  #answer: Promise<Section | undefined> | undefined
  #refusal: MigrationError | undefined

  constructor(options: OutgoingOptions) {
    this.#options = options
    const { channel, statistics, parameters } = options
    this.#writer = new MachineWriter(channel.write, statistics)
    if (options.capabilities.has('xbzrle')) statistics.cache = new PageCache(() => Number(parameters().xbzrleCacheSize))
    if (options.capabilities.has('auto-converge')) this.#autoConverge = new AutoConverge(parameters)
    this.#limit = new RateLimit(() => Number(parameters().maxBandwidth))
  }

  /** Lets a migration go on that waits before it hands the guest over. */
  continue(): void {
    this.#switchover.resolve()
  }

  /** @throws if it fails, or is cancelled: the guest goes on here then */
  async run(): Promise<void> {
    const { board, capabilities, channel, uuid, guest, statistics, stand, signal } = this.#options
    if (channel.answers) this.#listen(channel)
    try {
      await this.#writer.begin({
        board: board.kind,
        ramBytes: board.ramBytes,
        answers: channel.answers,
        ...(capabilities.has('validate-uuid') && uuid !== undefined && { uuid }),
      })
      statistics.setUp()
      if (capabilities.has('dirty-bitmaps')) await this.#openBitmaps()
      if (capabilities.has('block')) await this.#openDisks()
      this.#options.beginPass()
      stand('active')
      await this.#disks?.begin()
      do {
        await this.#disks?.sendChanges(true)
        await this.#passOverRam(true)
      } while (!(await this.#isShort()))
      signal.throwIfAborted()
      const before = await guest.beginHandover()
      try {
        await this.#handOver(before)
      } catch (error) {
        const reason = await this.#reasonOf(error)
        await this.#takeBack(reason)
        throw reason
      }
      this.#bitmaps?.handedOver()
      this.#connections?.handedOver(this.#received)
      await guest.endHandover()
      statistics.completed()
    } catch (error) {
      throw await this.#reasonOf(error)
    } finally {
      await this.#throttle(0).catch(() => undefined)
      await board.forgetPages().catch(() => undefined) // a board that is gone has forgotten
      this.#bitmaps?.[Symbol.dispose]()
      await this.#disks?.[Symbol.asyncDispose]()
    }
  }

  async #openBitmaps(): Promise<void> {
    const { bitmaps, parameters } = this.#options
    this.#bitmaps = new BitmapsOnTheWay(bitmaps, parameters().blockBitmapMapping)
    await this.#bitmaps.describe(this.#writer)
  }

  async #openDisks(): Promise<void> {
    const { disks, parameters, statistics, signal } = this.#options
    const leaving = await disks.leave({ incremental: parameters().blockIncremental })
    this.#disks = new DisksOnTheWay(leaving, {
      ...{ writer: this.#writer, limit: this.#limit, statistics, signal },
      checkWanted: () => this.#checkWanted(),
    })
  }

  #listen({ read }: Channel): void {
    this.#answer = new SectionReader(read).next()
    const hear = (said: Section | undefined): void => {
      if (said?.name === 'refused') this.#refusal = new MigrationError('peer', Buffer.from(said.contents).toString())
    }
    this.#answer.then(hear, () => undefined) // whoever waits for it hears of that
  }

  /** Where the way has broken, the other side may have said why. */
  async #reasonOf(error: unknown): Promise<unknown> {
    const { signal } = this.#options
    if (this.#answer === undefined || signal.aborted || !(error instanceof MigrationError) || error.kind !== 'channel')
      return error
    await Promise.race([this.#answer.catch(() => undefined), pause(patience)])
    return this.#refusal ?? error
  }

  /** @throws if the migration has been cancelled, or refused by the other side */
  #checkWanted(): void {
    this.#options.signal.throwIfAborted()
    if (this.#refusal !== undefined) throw this.#refusal
  }

  /** Whether what has changed meanwhile can go within the time that the guest may stand still; else the next pass begins. */
  async #isShort(): Promise<boolean> {
    const { board, parameters, statistics, signal } = this.#options
    const before = performance.now()
    let pages = 0
    for (const [address, length] of piecesOf(board.ramBytes)) {
      signal.throwIfAborted()
      pages += await board.countChangedPages(address, length)
    }
    statistics.remainingPages = pages
    const { downtimeLimit } = parameters()
    const limit = Number(parameters().maxBandwidth)
    const bandwidth = limit === 0 ? statistics.bandwidth : Math.min(statistics.bandwidth, limit)
    const rest = pages * pageBytes + (this.#disks?.unsentBytes ?? 0)
    const seconds = rest / Math.max(bandwidth, 1)
    statistics.dirtyRate = Math.round((pages * 1000) / Math.max(performance.now() - before, 1))
    if (seconds * 1000 <= downtimeLimit) return true
    const transferred = statistics.transferred + statistics.diskBytes
    const sent = transferred - this.#sentBefore
    this.#sentBefore = transferred
    if (this.#autoConverge?.endPass(rest, sent) === true) await this.#throttle(this.#autoConverge.percentage)
    this.#options.beginPass()
    return false
  }

  async #throttle(percentage: number): Promise<void> {
    const { board, statistics } = this.#options
    if (statistics.throttlePercentage === percentage) return
    statistics.throttlePercentage = percentage
    await board.throttle(percentage)
  }

  async #handOver(before: string): Promise<void> {
    const { board, disks, connections, capabilities, channel, statistics, stand, signal } = this.#options
    statistics.stopped()
    if (capabilities.has('pause-before-switchover')) {
      stand('pre-switchover')
      await Promise.race([this.#switchover.promise, aborted(signal)])
      stand('device')
    }
    await disks.handOver()
    this.#connections = new ConnectionsOnTheWay(connections, channel)
    await this.#disks?.sendChanges(false)
    this.#options.beginPass()
    await this.#passOverRam(false)
    await this.#bitmaps?.send(this.#writer, () => this.#checkWanted())
    await this.#connections.send(this.#writer)
    signal.throwIfAborted()
    await this.#writer.end(await board.saveDevices(), before)
    if (!channel.answers) return channel.finish()
    await this.#release(channel, signal)
    await channel.finish().catch(() => undefined) // the guest is the other side's already
  }

  /** Waits to be told that everything is there, and tells the other side that the guest is its own. */
  async #release(channel: Channel, signal: AbortSignal): Promise<void> {
    const answer = await Promise.race([this.#answer, aborted(signal)]).catch((error: unknown) => {
      if (signal.aborted) throw signal.reason
      if (error instanceof MigrationError && error.kind === 'channel') throw error
      throw new MigrationError('peer', 'The other side has ended before it had everything', error)
    })
    if (this.#refusal !== undefined) throw this.#refusal
    if (answer?.name !== 'loaded')
      throw new MigrationError('peer', 'The other side has not said that it has everything')
    this.#received = Number(Buffer.from(answer.contents).toString())
    await new SectionWriter(channel.write).section({ name: 'run', version: 1, contents: new Uint8Array(0) })
  }

  /** The other side ends when the way is gone, and with it what it holds of the images. */
  async #takeBack(reason: unknown): Promise<void> {
    const { channel, disks, guest, statistics } = this.#options
    await channel.destroy(reason instanceof Error ? reason : new Error(String(reason)))
    statistics.resumed()
    for (let tries = 1; ; tries++) {
      try {
        await disks.takeBack()
        break
      } catch {
        if (tries === triesToTakeBack) break // going on below says why it cannot
      }
      await pause(patience / 10)
    }
    this.#connections?.takeBack()
    await guest.abandonHandover()
  }

  async #passOverRam(limited: boolean): Promise<void> {
    const { board, statistics } = this.#options
    let sent = 0
    for (const [address, length] of piecesOf(board.ramBytes)) {
      this.#checkWanted()
      const pages = await board.changedPages(address, length)
      sent += pages.addresses.length
      await this.#sendPages(pages, limited)
      // On the first pass, pages of zeros that did not go were among those that remained.
      if (statistics.passes === 1) statistics.dealtWith(length / pageBytes - pages.addresses.length)
    }
    // On the other side RAM is zeros at first, so in the first pass no page of zeros needs to go.
    if (statistics.passes === 1) statistics.zeroPages += statistics.totalBytes / pageBytes - sent
  }

  async #sendPages(pages: Pages, limited: boolean): Promise<void> {
    const { statistics, signal } = this.#options
    const most = (): number => (limited ? Math.max(1, Math.min(256, Math.floor(this.#limit.portion / pageBytes))) : 256)
    for (const some of portionsOf(pages, most)) {
      this.#checkWanted()
      // In the first pass every page goes for the first time.
      const sent = await this.#writer.pages(some, statistics.passes > 1 ? statistics.cache : undefined)
      statistics.dealtWith(some.addresses.length)
      if (limited) await this.#limit.spend(sent, signal)
    }
  }
}

/** Never settles but by a rejection. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
