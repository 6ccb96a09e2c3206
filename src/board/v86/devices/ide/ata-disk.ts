import { type RemoteDisk, sectorBytes } from '../../thread/remote-disk.ts'
import { ataCommands } from './ata-commands.ts'
import type { DiskGeometry } from './disk-geometry.ts'
import { idle, status } from './ide-constants.ts'
import { type ChannelLines, type DriveIdentity, IdeDrive, type Phase } from './ide-drive.ts'
import { identifySize } from './identify.ts'
import { Smart } from './smart.ts'

/** What the bus master is to do. */
export type DmaWork = 'read' | 'write' | 'trim'

/** So much is read at once of a command whose sectors a guest takes through the data port one by one. */
const aheadSectors = 256
/** An entry of a list of what is not needed any more: 48 bits of address, 16 of count. */
const trimEntryBytes = 8

/** A hard disk. Without one, it is what answers in a place where there is none: its commands are aborted. */
export class AtaDisk extends IdeDrive {
  readonly kind: 'disk' | 'none'
  readonly smart = new Smart()
  readonly #disk: RemoteDisk | undefined
  /** How the disk is divided until the guest says otherwise. */
  readonly firstGeometry: DiskGeometry
  #geometry: Omit<DiskGeometry, 'translation'>
  writeCache = true
  /** Sectors that go through the data port in one piece. */
  #piece = 1
  #ahead: { readonly first: number; readonly bytes: Uint8Array } | undefined
  #dma: DmaWork = 'read'

  constructor(
    disk: RemoteDisk | undefined,
    { geometry, identity, lines }: { geometry: DiskGeometry; identity: DriveIdentity; lines: ChannelLines },
  ) {
    super(identity, lines)
    this.kind = disk === undefined ? 'none' : 'disk'
    this.#disk = disk
    this.firstGeometry = geometry
    this.#geometry = geometry
  }

  get sectors(): number {
    return this.#disk?.sectors ?? 0
  }

  get geometry(): Omit<DiskGeometry, 'translation'> {
    return this.#geometry
  }

  /** The guest divides the disk in another way. */
  divide(heads: number, sectors: number): void {
    this.#geometry = { ...this.#geometry, heads, sectors }
  }

  resize(byteLength: number): void {
    if (this.#disk === undefined) return
    this.#disk.byteLength = byteLength
    if (this.identified) identifySize(this)
  }

  override reset(): void {
    super.reset()
    this.#ahead = undefined
  }

  protected execute(code: number): void {
    const found = ataCommands.get(code)
    if (found === undefined) {
      this.abort()
      this.interrupt()
      return
    }
    const { registers } = this
    this.#ahead = undefined
    registers.status = status.ready | status.busy
    registers.error = 0
    if (found.run(this, code) === 'goesOn') return
    registers.status &= ~status.busy
    if (found.seeks && registers.error === 0) registers.status |= status.seekComplete
    this.interrupt()
  }

  /** Begins to read through the data port, a piece at a time. */
  readPieces(sectors: number): void {
    this.#piece = sectors
    this.#readPiece()
  }

  /** Begins to write through the data port. */
  writePieces(sectors: number): void {
    this.#piece = sectors
    this.registers.status = idle
    this.startTransfer(0, Math.min(this.registers.count, sectors) * sectorBytes, 'sectorsIn')
  }

  startDma(work: DmaWork): void {
    this.registers.status = idle | status.dataRequest
    this.#dma = work
    this.lines.busMaster.begin(this)
  }

  flush(): void {
    this.registers.status |= status.busy
    const end = () => {
      this.registers.status = idle
      this.interrupt()
    }
    if (this.#disk === undefined) end()
    else this.follow(this.#disk.flush(), end, () => this.#fail())
  }

  protected continued(phase: Phase): void {
    if (phase === 'sectorsOut') this.#readPiece()
    else if (phase === 'sectorsIn') this.#writePiece()
  }

  dmaReady(): void {
    const { registers, lines } = this
    const { count } = registers
    if (count === 0) {
      this.#dmaDone(0, false)
      return
    }
    const { regions, covered, described } = lines.busMaster.regions(count * sectorBytes)
    const goesOn = described > count * sectorBytes
    if (covered < count * sectorBytes) {
      // The guest's table is too short: nothing is moved, and no interrupt says so.
      registers.status = idle
      lines.busMaster.done()
      return
    }
    if (this.#dma !== 'trim' && !this.#isInside(count)) {
      this.#dmaFailed()
      return
    }
    if (this.#dma === 'read') {
      this.follow(
        this.#disk!.read(this.address * sectorBytes, count * sectorBytes),
        (bytes) => {
          lines.busMaster.scatter(regions, bytes)
          this.#dmaDone(count, goesOn)
        },
        () => this.#dmaFailed(),
      )
      return
    }
    const bytes = lines.busMaster.gather(regions)
    const request = this.#dma === 'write' ? this.#write(bytes) : this.#trim(bytes)
    this.follow(
      request,
      () => this.#dmaDone(count, goesOn),
      () => this.#dmaFailed(),
    )
  }

  protected ownState(): unknown {
    return [this.#geometry, this.writeCache, this.#piece, this.#dma, this.smart.getState()]
  }

  protected takeOwnState(state: unknown): void {
    const [geometry, writeCache, piece, dma, smart] = state as [DiskGeometry, boolean, number, DmaWork, unknown]
    this.#geometry = geometry
    this.writeCache = writeCache
    this.#piece = piece
    this.#dma = dma
    this.#ahead = undefined
    this.smart.setState(smart)
  }

  #readPiece(): void {
    const { registers } = this
    registers.status = idle
    registers.error = 0
    const count = Math.min(registers.count, this.#piece)
    if (count === 0) {
      this.stopTransfer()
      return
    }
    if (!this.#isInside(count)) {
      this.#fail()
      return
    }
    const held = this.#held(count)
    if (held !== undefined) {
      this.#give(held)
      return
    }
    registers.status |= status.busy
    this.follow(
      this.#readAhead(count),
      (bytes) => this.#give(bytes),
      () => this.#fail(),
    )
  }

  /** Lets the guest take sectors. */
  #give(bytes: Uint8Array): void {
    const { registers } = this
    const count = bytes.length / sectorBytes
    this.buffer.set(bytes)
    this.address += count
    registers.count -= count
    registers.status &= ~status.busy
    this.startTransfer(0, bytes.length, 'sectorsOut')
    this.interrupt()
  }

  /** What of the next sectors has been read already. */
  #held(count: number): Uint8Array | undefined {
    if (this.#ahead === undefined) return undefined
    const begin = (this.address - this.#ahead.first) * sectorBytes
    const end = begin + count * sectorBytes
    return begin >= 0 && end <= this.#ahead.bytes.length ? this.#ahead.bytes.subarray(begin, end) : undefined
  }

  /** Reads more than the next sectors if more are wanted and can be read. */
  async #readAhead(count: number): Promise<Uint8Array> {
    const { address: first } = this
    const wanted = Math.max(count, Math.min(this.registers.count, aheadSectors, this.sectors - first))
    const read = (sectors: number) => this.#disk!.read(first * sectorBytes, sectors * sectorBytes)
    if (wanted === count) return read(count)
    const bytes = await read(wanted).catch(() => undefined)
    if (bytes === undefined) return read(count)
    this.#ahead = { first, bytes }
    return bytes.subarray(0, count * sectorBytes)
  }

  #writePiece(): void {
    const { registers } = this
    const count = Math.min(registers.count, this.#piece)
    registers.status = idle
    if (!this.#isInside(count)) {
      this.#fail()
      return
    }
    registers.status |= status.busy
    this.follow(
      this.#write(this.buffer.subarray(0, count * sectorBytes)),
      () => {
        registers.status &= ~status.busy
        registers.count -= count
        this.address += count
        const next = Math.min(registers.count, this.#piece)
        if (next === 0) this.stopTransfer()
        else this.startTransfer(0, next * sectorBytes, 'sectorsIn')
        this.interrupt()
      },
      () => this.#fail(),
    )
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#disk!.write(this.address * sectorBytes, bytes)
    if (!this.writeCache) await this.#disk!.flush()
  }

  async #trim(list: Uint8Array): Promise<void> {
    const entries = new DataView(list.buffer, list.byteOffset)
    for (let at = 0; at < list.length; at += trimEntryBytes) {
      const first = entries.getUint32(at, true) + entries.getUint16(at + 4, true) * 2 ** 32
      const count = entries.getUint16(at + 6, true)
      if (count === 0) continue
      if (first + count > this.sectors) throw new RangeError('outside of the disk')
      await this.#disk!.discard(first * sectorBytes, count * sectorBytes)
    }
  }

  #isInside(count: number): boolean {
    const { address } = this
    return address >= 0 && address + count <= this.sectors
  }

  #fail(): void {
    this.abort()
    this.interrupt()
  }

  #dmaDone(count: number, tableGoesOn: boolean): void {
    if (count > 0) this.address += count
    this.registers.count -= count
    this.registers.status = idle
    this.interrupt()
    this.lines.busMaster.done(tableGoesOn)
  }

  #dmaFailed(): void {
    this.abort()
    this.lines.busMaster.done()
    this.interrupt()
  }
}
