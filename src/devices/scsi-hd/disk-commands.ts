import type { DeviceProperties } from '../../board/index.ts'
import type { GuestDrive } from '../model.ts'
import { inquiry, type UnitIdentity, type VitalPages } from '../scsi/inquiry.ts'
import { modeSense } from '../scsi/mode-pages.ts'
import type { RunCommand, ScsiCommand } from '../scsi/scsi-unit.ts'
import { ScsiFailure, senses } from '../scsi/sense.ts'
import { capacity, checkRoom, extentOf, rangeOf } from '../scsi/transfer.ts'

const sectorBytes = 512
const page = { errors: 0x01, caching: 0x08 } as const
/** In the caching page: writes are complete before they are on stable storage. */
const writeCache = 0x04
const forceUnitAccess = 0x08
/** Blocks that UNMAP takes at most in a list, and lists in a command. */
const mostUnmapRanges = 255
const sectorsPerTurn = 2048

/** Commands of a disk, on the drive that is behind it. @see SBC-3 */
export function diskCommands(drive: GuestDrive, unit: UnitIdentity, properties: DeviceProperties): RunCommand {
  const disk = new Disk(drive, unit, properties)
  return (command) => disk.run(command)
}

class Disk {
  readonly #drive: GuestDrive
  readonly #unit: UnitIdentity
  readonly #properties: DeviceProperties

  constructor(drive: GuestDrive, unit: UnitIdentity, properties: DeviceProperties) {
    this.#drive = drive
    this.#unit = unit
    this.#properties = properties
  }

  get #shape() {
    return { blockBytes: sectorBytes, blocks: Math.floor(this.#drive.byteLength / sectorBytes), unmaps: true }
  }

  /** @throws {ScsiFailure} @throws {Overrun} */
  run(command: ScsiCommand): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    const { cdb } = command
    switch (cdb[0]) {
      case 0x00: // TEST UNIT READY
      case 0x16: // RESERVE
      case 0x17: // RELEASE
      case 0x1b: // START STOP UNIT
      case 0x1d: // SEND DIAGNOSTIC
      case 0x1e: // PREVENT ALLOW MEDIUM REMOVAL
        return undefined
      case 0x12:
        return inquiry(cdb, this.#unit, this.#pages)
      case 0x1a:
      case 0x5a:
        return modeSense(cdb, this.#modes)
      case 0x15:
      case 0x55:
        return this.#modeSelect(command)
      case 0x25:
        return capacity(command, this.#shape)
      case 0x9e: // SERVICE ACTION IN
        if ((cdb[1]! & 0x1f) !== 0x10) throw new ScsiFailure(senses.invalidField)
        return capacity(command, this.#shape)
      case 0x08:
      case 0x28:
      case 0x88:
      case 0xa8:
        return this.#read(command)
      case 0x0a:
      case 0x2a:
      case 0x8a:
      case 0xaa:
      case 0x2e: // WRITE AND VERIFY
      case 0x8e:
      case 0xae:
        return this.#write(command)
      case 0x2b: // SEEK
      case 0x2f: // VERIFY: nothing is compared
      case 0x8f:
      case 0xaf:
        rangeOf(extentOf(cdb), this.#shape)
        return undefined
      case 0x35: // SYNCHRONIZE CACHE
      case 0x91:
        return this.#drive.flush().then(() => undefined)
      case 0x41: // WRITE SAME
      case 0x93:
        return this.#writeSame(command)
      case 0x42:
        return this.#unmap(command)
      default:
        throw new ScsiFailure(senses.invalidOpcode)
    }
  }

  async #read({ cdb, room }: ScsiCommand): Promise<Uint8Array | undefined> {
    const { offset, length } = this.#counted('read', cdb)
    checkRoom(length, room)
    return length === 0 ? undefined : this.#drive.read(offset, length)
  }

  async #write({ cdb, out }: ScsiCommand): Promise<undefined> {
    const { offset, length } = this.#counted('write', cdb)
    checkRoom(length, out.length)
    this.#requireWritable()
    if (length > 0) await this.#drive.write(offset, out.subarray(0, length))
    if (cdb[0] !== 0x0a && (cdb[1]! & forceUnitAccess) !== 0) await this.#drive.flush()
    return undefined
  }

  #counted(operation: 'read' | 'write', cdb: Uint8Array) {
    try {
      return rangeOf(extentOf(cdb), this.#shape)
    } catch (error) {
      this.#drive.invalid(operation)
      throw error
    }
  }

  async #writeSame({ cdb, out }: ScsiCommand): Promise<undefined> {
    const { offset, length } = rangeOf(extentOf(cdb), this.#shape)
    this.#requireWritable()
    const unmap = (cdb[1]! & 8) !== 0
    const empty = (cdb[1]! & 1) !== 0 // NDOB: there is no block
    const block = empty ? new Uint8Array(sectorBytes) : out.subarray(0, sectorBytes)
    checkRoom(sectorBytes, block.length)
    if (length === 0) throw new ScsiFailure(senses.invalidField)
    if (block.every((byte) => byte === 0)) {
      await this.#drive.writeZeroes(offset, length, { unmap })
      return undefined
    }
    const step = sectorsPerTurn * sectorBytes
    for (let done = 0; done < length; done += step) {
      const bytes = new Uint8Array(Math.min(step, length - done))
      for (let at = 0; at < bytes.length; at += sectorBytes) bytes.set(block, at)
      await this.#drive.write(offset + done, bytes)
    }
    return undefined
  }

  async #unmap({ cdb, out }: ScsiCommand): Promise<undefined> {
    if ((cdb[1]! & 1) !== 0) throw new ScsiFailure(senses.invalidField) // anchored
    const view = new DataView(out.buffer, out.byteOffset, out.byteLength)
    if (out.length < 8) throw new ScsiFailure(senses.invalidParameter)
    const length = Math.min(view.getUint16(2), out.length - 8)
    if (length % 16 !== 0 || length / 16 > mostUnmapRanges) throw new ScsiFailure(senses.invalidParameter)
    this.#requireWritable()
    const ranges = Array.from({ length: length / 16 }, (_, index) => {
      const first = view.getBigUint64(8 + 16 * index)
      if (first > BigInt(Number.MAX_SAFE_INTEGER)) throw new ScsiFailure(senses.outOfRange)
      return rangeOf({ first: Number(first), count: view.getUint32(16 + 16 * index) }, this.#shape)
    })
    for (const { offset, length: bytes } of ranges) if (bytes > 0) await this.#drive.discard(offset, bytes)
    return undefined
  }

  /** Only whether there is a cache can be changed. */
  #modeSelect({ cdb, out }: ScsiCommand): undefined {
    const long = cdb[0] === 0x55
    const listBytes = long ? (cdb[7]! << 8) | cdb[8]! : cdb[4]!
    const list = out.subarray(0, listBytes)
    if (list.length === 0) return undefined
    const descriptor = long ? ((list[6] ?? 0) << 8) | (list[7] ?? 0) : (list[3] ?? 0)
    for (let at = (long ? 8 : 4) + descriptor; at + 2 <= list.length; ) {
      const [number, length] = [list[at]! & 0x3f, list[at + 1]!]
      if (at + 2 + length > list.length) throw new ScsiFailure(senses.invalidParameter)
      if (number === page.caching && length > 0) this.#drive.setWriteback((list[at + 2]! & writeCache) !== 0)
      at += 2 + length
    }
    return undefined
  }

  #requireWritable(): void {
    if (this.#drive.readOnly) throw new ScsiFailure(senses.writeProtected)
  }

  get #modes() {
    const pages = new Map<number, () => readonly number[]>([
      [page.errors, () => [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
      [page.caching, () => [this.#drive.writeback ? writeCache : 0, ...new Array<number>(17).fill(0)]],
    ])
    return { pages, readOnly: this.#drive.readOnly, isDisk: true, ...this.#shape }
  }

  get #pages(): VitalPages {
    const blocksOf = (name: string): number => Math.floor(Number(this.#properties[name] ?? 0) / sectorBytes)
    return new Map<number, () => Uint8Array>([
      [
        0xb0,
        () => {
          const bytes = Buffer.alloc(60)
          bytes[0] = 1 // one block at WRITE SAME
          bytes.writeUInt16BE(Math.min(blocksOf('min_io_size'), 0xffff), 2)
          bytes.writeUInt32BE(Math.min(blocksOf('max_io_size'), 0xffff), 4)
          bytes.writeUInt32BE(blocksOf('opt_io_size'), 8)
          bytes.writeUInt32BE(blocksOf('max_unmap_size'), 16)
          bytes.writeUInt32BE(mostUnmapRanges, 20)
          bytes.writeUInt32BE(8, 24) // 4 KiB, as files have them
          bytes.writeBigUInt64BE(BigInt(blocksOf('max_unmap_size')), 32)
          return bytes
        },
      ],
      [
        0xb1,
        () => {
          const bytes = Buffer.alloc(60)
          bytes.writeUInt16BE(Number(this.#properties['rotation_rate'] ?? 0))
          return bytes
        },
      ],
      // Unmaps, also by WRITE SAME; what is unmapped reads as zeros on most images, and nothing promises it.
      [0xb2, () => Uint8Array.of(0, 0xe0, 1, 0)],
    ])
  }
}
