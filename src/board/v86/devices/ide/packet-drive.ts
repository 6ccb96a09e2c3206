import type { GuestTrayMove } from '../../../drive-config.ts'
import type { RemoteDisk } from '../../thread/remote-disk.ts'
import { answerIdentified, setFeatures } from './ata-commands.ts'
import { rawSector, rawSectorBytes } from './disc-information.ts'
import { idle, status } from './ide-constants.ts'
import { type ChannelLines, type DriveIdentity, IdeDrive, type Phase } from './ide-drive.ts'
import { identifyCd } from './identify.ts'
import { additional, cdSectorBytes, sense } from './mmc-constants.ts'
import { packetCommands } from './packet-commands.ts'

/** A sector of a CD is so many of those in which its size is counted. */
const sectorsOfOne = 4
const packetBytes = 12
/** In the count register while a packet is at work: data comes from the drive; the registers tell of a command. */
const reason = { input: 0x02, command: 0x01, all: 0x07 } as const
/** Feature register of PACKET: data go by DMA; another command may come meanwhile, which no drive here can do. */
const packetFeature = { dma: 0x01, overlapped: 0x02 } as const
/** Error register: the medium may be another. */
const mediaChanged = 0x20
/** So many sectors are read at once for the bus master. */
const sectorsAtOnce = 32

/** How far a guest has been told of another medium: not at all, that the old one is gone, or all. */
const changes = { untold: 1, gone: 2, told: 0 } as const

/** Asks the host whether the drive's tray may move or be locked; settles when that has had its effects. */
export type MoveTray = (move: GuestTrayMove) => Promise<boolean>

/** A CD drive with a tray, which takes packets of MMC (ATAPI). */
export class PacketDrive extends IdeDrive {
  readonly kind = 'cdrom'
  readonly geometry = { cylinders: 2, heads: 16, sectors: 63 }
  #disk: RemoteDisk | undefined
  readonly #moveTray: MoveTray
  trayOpen = false
  locked = false
  newMedium = false
  ejectRequested = false
  senseKey: number = sense.none
  additionalSense = 0
  #changed: number = changes.told
  #dma = false
  /** The next sector to be read; -1 if the answer is not of the disc. */
  #next = -1
  #sectorBytes = cdSectorBytes
  /** What the guest is still to have, and what of it is in the buffer, and where. */
  #left = 0
  #held = 0
  #index = 0

  constructor(disk: RemoteDisk | undefined, identity: DriveIdentity, lines: ChannelLines, moveTray: MoveTray) {
    super(identity, lines)
    this.#disk = disk
    this.#moveTray = moveTray
  }

  get sectors(): number {
    return this.#disk?.sectors ?? 0
  }

  /** The disc's size in its own sectors. */
  get discSectors(): number {
    return Math.floor(this.sectors / sectorsOfOne)
  }

  get hasMedium(): boolean {
    return this.#disk !== undefined
  }

  /** Whether there is something that can be read. */
  get ready(): boolean {
    return !this.trayOpen && this.sectors > 0
  }

  /** Shows the guest what is in the drive from now on. */
  show(disk: RemoteDisk | undefined, { open, expected }: { open: boolean; expected: boolean }): void {
    this.#disk = disk
    this.trayOpen = open
    if (open) this.locked = false
    if (expected) return
    this.#changed = changes.untold
    this.newMedium = true
    this.ejectRequested = false
    this.interrupt()
  }

  resize(byteLength: number): void {
    if (this.#disk !== undefined) this.#disk.byteLength = byteLength
  }

  /** Somebody presses the eject button. */
  requestEject(): void {
    this.ejectRequested = true
    this.interrupt()
  }

  /** Also closes and unlocks the tray; the host does the same when it resets the machine. */
  override reset(): void {
    super.reset()
    this.senseKey = sense.none
    this.additionalSense = 0
    this.#changed = changes.told
    this.#dma = false
    this.#left = 0
    this.#held = 0
    this.#index = 0
    this.locked = false
    this.trayOpen = false
  }

  override resetByGuest(): void {
    this.#resetWithTray(() => this.diagnose())
  }

  protected execute(code: number): void {
    const { registers } = this
    const refuse = () => {
      this.abort()
      this.interrupt()
    }
    const known = ataCodes.has(code)
    if (!known) {
      refuse()
      return
    }
    if (code === 0x08) {
      this.#resetWithTray(() => {
        this.registers.status = 0
      })
      return
    }
    registers.status = status.ready | status.busy
    registers.error = 0
    switch (code) {
      case 0xa0:
        this.#takePacket(refuse)
        break
      case 0xa1:
        if (!this.identified) identifyCd(this)
        answerIdentified(this)
        break
      case 0x90:
        this.diagnose()
        break
      case 0xe7:
        this.#flush(refuse)
        break
      case 0xef:
        this.#setFeatures(refuse)
        break
      default: // IDENTIFY DEVICE and READ SECTORS: for these a drive shows what it is instead
        this.setSignature()
        refuse()
    }
  }

  protected continued(phase: Phase): void {
    if (phase === 'packet') this.#runPacket()
    else if (phase === 'reply') this.#nextPiece()
  }

  /** The command has succeeded, and has no more data. */
  succeed(): void {
    const { registers } = this
    registers.error = 0
    registers.status = idle
    registers.count = (registers.count & ~reason.all) | reason.input | reason.command
    this.interrupt()
  }

  fail(senseKey: number, additionalSense: number): void {
    const { registers } = this
    registers.error = senseKey << 4
    registers.status = status.ready | status.error
    registers.count = (registers.count & ~reason.all) | reason.input | reason.command
    this.senseKey = senseKey
    this.additionalSense = additionalSense
    this.interrupt()
  }

  /** Answers with what is in the buffer, as much as the guest wants. */
  reply(length: number, allocated: number): void {
    this.#next = -1
    this.#left = Math.min(length, allocated)
    this.#held = this.#left
    this.#index = 0
    this.#begin(idle | status.dataRequest)
  }

  /** Answers with sectors of the disc, of 2048 bytes or as they are on it. */
  replySectors(first: number, count: number, sectorBytes: number): void {
    this.#next = first
    this.#sectorBytes = sectorBytes
    this.#left = count * sectorBytes
    this.#held = 0
    this.#index = 0
    this.#begin(idle | status.dataRequest | status.busy)
  }

  /** Whether the guest lets data come; otherwise the command has been aborted. */
  takesData(): boolean {
    const { cylinderLow, cylinderHigh } = this.registers
    if (this.#dma || (cylinderLow | cylinderHigh) !== 0) return true
    this.abort()
    return false
  }

  /** Moves or locks the tray if the host lets it; the command is over when that has had its effects. */
  moveTray(move: GuestTrayMove, moved: () => void): void {
    this.registers.status = status.busy | status.ready
    this.follow(
      this.#moveTray(move),
      (allowed) => {
        if (!allowed) return this.failPrevented()
        moved()
        this.succeed()
      },
      () => this.failPrevented(),
    )
  }

  failPrevented(): void {
    this.fail(this.hasMedium ? sense.notReady : sense.illegalRequest, additional.removalPrevented)
  }

  dmaReady(): void {
    const { busMaster } = this.lines
    if (this.#held > 0) {
      const piece = this.buffer.subarray(0, this.#held)
      this.#left -= this.#held
      this.#held = 0
      if (!busMaster.pour(piece)) {
        busMaster.done()
        return
      }
    }
    if (this.#left <= 0) {
      this.succeed()
      busMaster.done()
      return
    }
    const count = Math.min(sectorsAtOnce, this.#left / this.#sectorBytes)
    this.follow(
      this.#readSectors(count),
      (bytes) => {
        this.buffer.set(bytes)
        this.#held = bytes.length
        this.dmaReady()
      },
      () => {
        this.fail(sense.illegalRequest, additional.outOfRange)
        busMaster.done()
      },
    )
  }

  protected ownState(): unknown {
    const tray = [this.trayOpen, this.locked, this.newMedium, this.ejectRequested, this.#changed]
    const answer = [this.#dma, this.#next, this.#sectorBytes, this.#left, this.#held, this.#index]
    return [tray, [this.senseKey, this.additionalSense], answer]
  }

  protected takeOwnState(state: unknown): void {
    const [tray, senses, answer] = state as [
      [boolean, boolean, boolean, boolean, number],
      [number, number],
      [boolean, number, number, number, number, number],
    ]
    ;[this.trayOpen, this.locked, this.newMedium, this.ejectRequested, this.#changed] = tray
    ;[this.senseKey, this.additionalSense] = senses
    ;[this.#dma, this.#next, this.#sectorBytes, this.#left, this.#held, this.#index] = answer
  }

  /** A tray that the guest has opened or locked is closed and unlocked before the drive answers again. */
  #resetWithTray(ready: () => void): void {
    const moves: GuestTrayMove[] = []
    if (this.locked) moves.push('unlock')
    if (this.trayOpen) moves.push('close')
    this.reset()
    if (moves.length === 0) {
      ready()
      return
    }
    this.registers.status = status.busy
    const moved = moves.reduce<Promise<unknown>>(
      (before, move) => before.then(() => this.#moveTray(move)),
      Promise.resolve(),
    )
    this.follow(moved, ready, ready)
  }

  #takePacket(refuse: () => void): void {
    const { registers } = this
    if (registers.feature & packetFeature.overlapped) {
      refuse()
      return
    }
    registers.status = idle
    this.#dma = (registers.feature & packetFeature.dma) !== 0
    registers.count = reason.command
    this.startTransfer(0, packetBytes, 'packet')
  }

  /** There is nothing to flush, but without a medium even that fails. */
  #flush(refuse: () => void): void {
    if (!this.hasMedium) {
      refuse()
      return
    }
    this.registers.status = idle
    this.interrupt()
  }

  #setFeatures(refuse: () => void): void {
    const { registers } = this
    let flushed = false
    const outcome = setFeatures(this, (on) => {
      flushed = !on
    })
    if (flushed) {
      this.#flush(refuse)
      return
    }
    if (outcome === 'goesOn') return
    if (registers.error === 0) registers.status = idle
    this.interrupt()
  }

  #runPacket(): void {
    const command = packetCommands.get(this.buffer[0]!)
    const always = command?.always ?? false
    if (this.senseKey === sense.unitAttention && !always) {
      this.#remind()
      return
    }
    if (!always && !this.trayOpen && this.hasMedium && this.#changed !== changes.told) {
      this.#tellOfChange()
      return
    }
    if (command === undefined) {
      this.fail(sense.illegalRequest, additional.illegalOpcode)
      return
    }
    if (command.needsMedium && !(this.ready && this.hasMedium)) {
      this.fail(sense.notReady, additional.mediumNotPresent)
      return
    }
    if (command.data === 'always' && !this.takesData()) return
    command.run(this, this.buffer.slice(0, packetBytes))
  }

  /** Something else has to be asked for before. */
  #remind(): void {
    const { registers } = this
    registers.error = mediaChanged | (sense.unitAttention << 4)
    registers.status = status.error
    registers.count = 0
    this.interrupt()
  }

  /** First that there is no medium, then that there is one: guests that do not ask for events learn of it so. */
  #tellOfChange(): void {
    if (this.#changed === changes.untold) {
      this.#changed = changes.gone
      this.fail(sense.notReady, additional.mediumNotPresent)
    } else {
      this.#changed = changes.told
      this.fail(sense.unitAttention, additional.mediumMayHaveChanged)
    }
  }

  #begin(statusOfDma: number): void {
    if (this.#dma) {
      this.registers.status = statusOfDma
      this.lines.busMaster.begin(this)
    } else {
      this.registers.status = idle
      this.#nextPiece()
    }
  }

  /** Lets the guest have as much at once as it wants to take. */
  #nextPiece(): void {
    const { registers } = this
    if (this.#left <= 0) {
      this.succeed()
      return
    }
    const limit = Math.min(registers.cylinderLow | (registers.cylinderHigh << 8), 0xfffe)
    const size = this.#left > limit ? limit & ~1 : this.#left
    const missing = size - this.#held
    if (missing <= 0) {
      this.#give(size)
      return
    }
    registers.status |= status.busy
    this.follow(
      this.#readSectors(Math.ceil(missing / this.#sectorBytes)),
      (bytes) => {
        this.buffer.copyWithin(0, this.#index, this.#index + this.#held)
        this.buffer.set(bytes, this.#held)
        this.#index = 0
        this.#held += bytes.length
        registers.status &= ~status.busy
        this.#give(size)
      },
      () => {
        this.stopTransfer()
        this.fail(sense.illegalRequest, additional.outOfRange)
      },
    )
  }

  #give(size: number): void {
    const { registers } = this
    registers.count = (registers.count & ~reason.all) | reason.input
    registers.cylinderLow = size & 0xff
    registers.cylinderHigh = size >> 8
    this.#left -= size
    this.#held -= size
    this.#index += size
    this.interrupt()
    this.startTransfer(this.#index - size, size, 'reply')
  }

  async #readSectors(count: number): Promise<Uint8Array> {
    const first = this.#next
    if (this.#disk === undefined) throw new Error('there is no medium')
    const bytes = await this.#disk.read(first * cdSectorBytes, count * cdSectorBytes)
    this.#next = first + count
    if (this.#sectorBytes !== rawSectorBytes) return bytes
    const raw = new Uint8Array(count * rawSectorBytes)
    for (let index = 0; index < count; index++) {
      const data = bytes.subarray(index * cdSectorBytes, (index + 1) * cdSectorBytes)
      raw.set(rawSector(first + index, data), index * rawSectorBytes)
    }
    return raw
  }
}

/** ATA commands that such a drive knows. */
const ataCodes: ReadonlySet<number> = new Set([0x08, 0x20, 0x90, 0xa0, 0xa1, 0xe7, 0xec, 0xef])
