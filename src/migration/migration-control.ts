import { reasonText } from '../errno/index.ts'
import { QmpError } from '../qapi/index.ts'
import { type Address, TransportError, textOfTransportError } from '../transport/index.ts'
import type { BitmapMapping } from './bitmap-mapping.ts'
import { BitmapsThatCome } from './bitmaps-that-come.ts'
import { Capabilities, type CapabilityName } from './capabilities.ts'
import type { Channel } from './channels/channel.ts'
import { brokenPipe } from './channels/duplex-channel.ts'
import { afterFirstByte } from './channels/first-byte.ts'
import {
  type IncomingDoor,
  type MigrationAddress,
  openIncoming,
  openOutgoing,
  parseMigrationAddress,
  type TakeDescriptor,
} from './channels/open-channel.ts'
import { takeMachine } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import { changedParameters, defaultParameters, type MigrationParameters } from './parameters.ts'
import { writeMachine } from './snapshots/write-machine.ts'
import { MigrationStatistics } from './statistics.ts'
import { isOnItsWay, type MigrationStatus, moveStatus } from './status.ts'
import type { MigrationSurroundings, Secure } from './surroundings.ts'

/** How a migration goes. */
export interface MigrationReport {
  readonly status: MigrationStatus
  readonly error: string | undefined
  /** Of an outgoing migration, once it has begun. */
  readonly statistics: MigrationStatistics | undefined
  /** Where the machine listens for one that comes. */
  readonly listensAt: Address | undefined
}

export interface OutgoingRequest {
  readonly uri: string
  readonly takeDescriptor: TakeDescriptor
  readonly resume?: boolean
  /** The contents of the disks are to go, too: all of them, or without what only the images behind theirs hold. */
  readonly disks?: 'full' | 'incremental' | undefined
}

interface Running {
  readonly cancel: AbortController
  readonly done: Promise<void>
}

const cancelled = new Error('the migration has been cancelled')

/** The one owner of the machine's migrations: one goes out at a time, and one comes in before the guest has run. */
export class MigrationControl {
  readonly capabilities = new Capabilities()
  readonly #surroundings: MigrationSurroundings
  #parameters = defaultParameters
  #status: MigrationStatus = 'none'
  #error: string | undefined
  #statistics: MigrationStatistics | undefined
  #running: Running | undefined
  /** Whether a machine is to come in (`-incoming`), and whether its way has been opened. */
  #incoming: 'none' | 'deferred' | 'opened' = 'none'
  #door: IncomingDoor | undefined
  #channel: Channel | undefined
  /** Gives up to connect: of a socket that is to be connected, and is not yet. */
  #connecting: AbortController | undefined
  #outgoing: Outgoing | undefined
  /** The words of a command, and not the capability, say that disks go. */
  #disksOnce = false
  readonly #listeners = new Set<(status: MigrationStatus) => void>()

  constructor(surroundings: MigrationSurroundings) {
    this.#surroundings = surroundings
  }

  get parameters(): MigrationParameters {
    return this.#parameters
  }

  get report(): MigrationReport {
    return {
      status: this.#status,
      error: this.#error,
      statistics: this.#statistics,
      listensAt: this.#door?.address,
    }
  }

  /** Whether a migration is on its way: the machine must keep its shape meanwhile. */
  get active(): boolean {
    return isOnItsWay(this.#status)
  }

  /** Why the machine cannot be sent or saved for now, in QEMU's words. */
  get blockers(): readonly string[] {
    return this.#surroundings.blockers()
  }

  /** @throws {QmpError} GenericError, if the machine cannot be sent or saved for now */
  requireUnblocked(): void {
    const newest = this.blockers.at(-1)
    if (newest !== undefined) throw new QmpError('GenericError', newest)
  }

  /** @throws {MigrationError} `request`, if a value is out of its range */
  setParameters(changes: Partial<MigrationParameters>): void {
    this.#parameters = changedParameters(this.#parameters, changes)
  }

  /**
   * @throws {QmpError} GenericError, while a migration is on its way
   * @throws {MigrationError} `request`, if one of them is not available
   */
  setCapabilities(changes: readonly { readonly capability: CapabilityName; readonly state: boolean }[]): void {
    if (this.active && this.#incoming === 'none') throw inProgress() // while one comes in, QEMU takes them
    this.capabilities.set(changes)
  }

  /**
   * Begins to send the machine away. When this returns, the way is being opened: what follows is told by `report`.
   *
   * @throws {QmpError} GenericError, if the machine cannot be sent now, or there is no such way
   */
  migrate({ uri, takeDescriptor, resume = false, disks }: OutgoingRequest): Promise<void> {
    if (resume) throw new QmpError('GenericError', 'Cannot resume if there is no paused migration')
    if (this.active) throw inProgress()
    const { state } = this.#surroundings.guest
    if (state === 'inmigrate') throw new QmpError('GenericError', 'Guest is waiting for an incoming migration')
    if (state === 'postmigrate')
      throw new QmpError('GenericError', "Can't migrate the vm that was paused due to previous migration")
    this.requireUnblocked()
    if (disks !== undefined) {
      if (this.capabilities.has('block') || this.#parameters.blockIncremental)
        throw new QmpError('GenericError', 'Command options are incompatible with current migration capabilities')
      this.#sendDisks(true, disks === 'incremental')
    }
    this.#disksOnce = disks !== undefined
    this.#stand('setup')
    this.#error = undefined
    let address: MigrationAddress | undefined
    try {
      address = parseMigrationAddress(uri, takeDescriptor)
    } catch (error) {
      this.#error = reasonText(error)
    }
    if (address === undefined) {
      this.#stand('failed')
      this.#endDisksOnce()
      const text = this.#error ?? "Parameter 'uri' expects a valid migration protocol"
      throw new QmpError('GenericError', text)
    }
    const cancel = new AbortController()
    const done = this.#yankable(() => this.#send(address, cancel.signal))
    this.#running = { cancel, done }
    return done
  }

  /**
   * Writes the machine, which stands still, to where nobody listens: it is told as a migration that has no time of its own.
   *
   * @param runState - in which it was before it was stopped
   * @throws {QmpError} GenericError, if a migration is on its way, or the disks are to go, too
   * @throws what the channel throws
   */
  async write({ write }: Pick<Channel, 'write'>, runState: string): Promise<void> {
    if (this.active) throw inProgress()
    if (this.capabilities.has('block'))
      throw new QmpError('GenericError', 'Block migration and snapshots are incompatible')
    this.#error = undefined
    this.#stand('setup')
    try {
      const statistics = new MigrationStatistics(await this.#surroundings.memoryBytes())
      this.#statistics = statistics
      const beginPass = (): void => this.#beginPass(statistics)
      await writeMachine(this.#surroundings.board, { write, statistics, beginPass, runState })
      this.#stand('completed')
    } catch (error) {
      this.#stand('failed')
      throw error
    }
  }

  /** Settles when no migration is on its way out. */
  async ended(): Promise<void> {
    if (this.#incoming === 'none') await this.#running?.done
  }

  /** Gives up the migration that is on its way, if there is one; the guest goes on here. */
  cancel(): void {
    if (!this.active || this.#status === 'cancelling' || this.#running === undefined) return
    this.#stand('cancelling')
    this.#running.cancel.abort(cancelled)
  }

  /** Lets a migration go on that waits in a status. @throws {QmpError} GenericError, if it stands elsewhere */
  continue(status: MigrationStatus): void {
    if (this.#status !== status) throw new QmpError('GenericError', `Migration not in expected state: ${this.#status}`)
    this.#outgoing?.continue()
  }

  /** A machine is to come in: by `migrateIncoming()`. */
  deferIncoming(): void {
    this.#incoming = 'deferred'
  }

  /**
   * Opens the way for a machine to come in.
   *
   * @throws {QmpError} GenericError, if none is to come, or has come, or there is no such way
   */
  async migrateIncoming(uri: string, takeDescriptor: TakeDescriptor): Promise<void> {
    if (this.#incoming === 'none')
      throw new QmpError('GenericError', "'-incoming' was not specified on the command line")
    if (this.#incoming === 'opened')
      throw new QmpError('GenericError', 'The incoming migration has already been started')
    this.#surroundings.emit('MIGRATION', { status: 'setup' }) // told whether or not events are on
    const address = parseMigrationAddress(uri, takeDescriptor)
    if (address === undefined) throw new QmpError('GenericError', `unknown migration protocol: ${uri}`)
    const cancel = new AbortController()
    this.#door = await openIncoming(address, {
      secure: () => this.#securingServer(),
      complain: this.#surroundings.complain,
      signal: cancel.signal,
    })
    this.#incoming = 'opened'
    const door = this.#door
    const done = this.#yankable(() => this.#take(door, cancel.signal))
    this.#running = { cancel, done }
  }

  /** Gives up whatever is on its way. */
  async close(): Promise<void> {
    this.#running?.cancel.abort(cancelled)
    await this.#door?.close()
    if (this.#incoming !== 'none') await this.#channel?.destroy(cancelled)
    if (this.#incoming === 'none') await this.#running?.done.catch(() => undefined) // its end has been told
  }

  /** Lets the connection be broken at once while a migration is on its way. */
  async #yankable(work: () => Promise<void>): Promise<void> {
    const release = this.#surroundings.yankable(() => {
      if (this.#channel === undefined) this.#connecting?.abort(brokenPipe())
      else this.#channel.yank?.()
    })
    try {
      await work()
    } finally {
      this.#channel = this.#connecting = undefined
      release()
    }
  }

  async #send(address: MigrationAddress, signal: AbortSignal): Promise<void> {
    const { complain, memoryBytes } = this.#surroundings
    let channel: Channel | undefined
    const connecting = new AbortController()
    if (address.type === 'socket') this.#connecting = connecting
    try {
      const statistics = new MigrationStatistics(await memoryBytes())
      this.#statistics = statistics
      channel = this.#channel = await openOutgoing(address, AbortSignal.any([signal, connecting.signal]), (hostname) =>
        this.#securingClient(hostname),
      )
      this.#outgoing = new Outgoing({
        ...this.#surroundings,
        channel,
        capabilities: this.capabilities,
        parameters: () => this.#parameters,
        statistics,
        stand: (status) => this.#stand(status),
        beginPass: () => this.#beginPass(statistics),
        signal,
      })
      await this.#outgoing.run()
      this.#stand('completed')
    } catch (error) {
      await channel?.destroy(error instanceof Error ? error : cancelled)
      if (signal.aborted) {
        if (this.#status !== 'cancelling') this.#stand('cancelling')
        this.#stand('cancelled')
        return
      }
      this.#error = reasonText(error)
      this.#stand('failed')
      complain(error instanceof TransportError ? textOfTransportError(error) : this.#error)
    } finally {
      this.#outgoing = undefined
      this.#endDisksOnce()
    }
  }

  /** What the words of a command have switched on is for one migration. */
  #endDisksOnce(): void {
    if (this.#disksOnce) this.#sendDisks(false, false)
    this.#disksOnce = false
  }

  #sendDisks(state: boolean, blockIncremental: boolean): void {
    this.capabilities.set([{ capability: 'block', state }])
    this.setParameters({ blockIncremental })
  }

  async #take(door: IncomingDoor, signal: AbortSignal): Promise<void> {
    const { guest, complain } = this.#surroundings
    const mapping = (): BitmapMapping | undefined => this.#parameters.blockBitmapMapping
    using bitmaps = new BitmapsThatCome(this.#surroundings.bitmaps, { mapping, complain })
    let channel: Channel | undefined
    try {
      channel = this.#channel = await door.channel
      this.#status = 'setup'
      this.#tell()
      if (channel.isPipe === true) channel = await afterFirstByte(channel, signal)
      this.#stand('active')
      const state = await takeMachine(channel, { ...this.#surroundings, bitmaps })
      await guest.takeOver(state)
      await channel.finish().catch(() => undefined) // nothing more was to be said
      this.#stand('completed')
    } catch (error) {
      if (signal.aborted) return
      await channel?.destroy(error instanceof Error ? error : cancelled)
      complain(`load of migration failed: ${reasonText(error)}`)
      if (this.#status === 'active') this.#stand('failed')
      guest.exit(1)
    }
  }

  /** @throws {TransportError} `tls`, in QEMU's words, if there are no such credentials */
  #securingClient(hostname: string | undefined): Secure | undefined {
    const { tlsCreds, tlsHostname } = this.#parameters
    if (tlsCreds === '') return undefined
    return this.#surroundings.securing.securingClient(tlsCreds, tlsHostname || hostname)
  }

  /** @throws {TransportError} `tls`, in QEMU's words, if there are no such credentials */
  #securingServer(): Secure | undefined {
    const { tlsCreds, tlsAuthz } = this.#parameters
    if (tlsCreds === '') return undefined
    return this.#surroundings.securing.securingServer(tlsCreds, tlsAuthz || undefined)
  }

  #beginPass(statistics: MigrationStatistics): void {
    statistics.passes++
    if (this.capabilities.has('events')) this.#surroundings.emit('MIGRATION_PASS', { pass: statistics.passes })
  }

  /** Calls `listener` with each status that a migration out of here comes to; the result ends it. */
  onStatus(listener: (status: MigrationStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #stand(status: MigrationStatus): void {
    this.#status = moveStatus(this.#status, status)
    this.#tell()
    if (this.#incoming === 'none') for (const listener of this.#listeners) listener(status)
  }

  #tell(): void {
    if (this.capabilities.has('events')) this.#surroundings.emit('MIGRATION', { status: this.#status })
  }
}

function inProgress(): QmpError {
  return new QmpError('GenericError', "There's a migration process in progress")
}
