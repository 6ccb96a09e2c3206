import { MigrationError } from '../migration-error.ts'
import { crc32 } from './checksum.ts'

/*
 * A stream of migration. It begins as QEMU's does, up to the name of the machine, so that each of the two programs tells
 * its user in clear words that the stream is the other's. Then sections:
 *
 *   kind     1 byte    1 = must be understood, 2 = may be left out
 *   length   1 byte    of the name
 *   version  2 bytes
 *   length   4 bytes   of the contents
 *   checksum 4 bytes   CRC-32 of these 8 bytes: nobody waits for what was never sent
 *   name     ASCII
 *   contents
 *   checksum 4 bytes   CRC-32 of all of the above
 *
 * and at the end such a head: kind, length and version 0, the number of the sections in place of a length; its checksum is
 * one of the sections' checksums, too. Numbers are big-endian.
 */
const magic = Buffer.from('QEVM')
const qemuVersion = 3
const configurationSection = 7
/** Also says which form the sections have. */
const machineName = Buffer.from('vmon-2')
/** Contents of no section are longer: video memory is most of the longest. */
const lengthLimit = 256 << 20

export interface Section {
  readonly name: string
  readonly version: number
  readonly contents: Uint8Array
  /** A reader that does not know it can leave it out. */
  readonly optional?: boolean
}

/** Takes bytes, and settles when there is room for more. */
export type WriteBytes = (...pieces: readonly Uint8Array[]) => Promise<void>
/** Gives exactly so many bytes, fewer only at the end. */
export type ReadBytes = (length: number) => Promise<Buffer>

export class SectionWriter {
  readonly #write: WriteBytes
  #count = 0
  #sum = 0

  constructor(write: WriteBytes) {
    this.#write = write
  }

  begin(): Promise<void> {
    const head = Buffer.alloc(13)
    magic.copy(head)
    head.writeUInt32BE(qemuVersion, 4)
    head.writeUInt8(configurationSection, 8)
    head.writeUInt32BE(machineName.length, 9)
    return this.#write(head, machineName)
  }

  section({ name, version, contents, optional = false }: Section): Promise<void> {
    const kind = optional ? 2 : 1
    const head = Buffer.concat([headOf(kind, name.length, version, contents.length), Buffer.from(name, 'latin1')])
    const sum = checksum(crc32(contents, crc32(head)))
    this.#count++
    this.#sum = crc32(sum, this.#sum)
    return this.#write(head, contents, sum)
  }

  end(): Promise<void> {
    return this.#write(headOf(0, 0, 0, this.#count, this.#sum))
  }
}

export class SectionReader {
  readonly #read: ReadBytes
  #count = 0
  #sum = 0

  constructor(read: ReadBytes) {
    this.#read = read
  }

  /** @throws {MigrationError} `stream`, if it is no stream, or another program's */
  async begin(): Promise<void> {
    const head = await this.#exactly(8)
    if (!head.subarray(0, 4).equals(magic)) throw new MigrationError('stream', 'Not a migration stream')
    if (head.readUInt32BE(4) !== qemuVersion) throw new MigrationError('stream', 'Unsupported migration stream version')
    const configuration = await this.#exactly(5)
    const length = configuration.readUInt32BE(1)
    if (configuration[0] !== configurationSection || length > 256)
      throw new MigrationError('stream', 'the stream does not say which machine it is of')
    const name = (await this.#exactly(length)).toString('latin1')
    if (name !== machineName.toString())
      throw new MigrationError('stream', `Machine type received is '${name}' and local is '${machineName}'`)
  }

  /**
   * The next section; undefined at the end of the stream.
   *
   * @throws {MigrationError} `stream`, if it is torn or spoilt
   */
  async next(): Promise<Section | undefined> {
    const head = await this.#exactly(headBytes)
    const [kind, nameLength, version, length] = [head[0]!, head[1]!, head.readUInt16BE(2), head.readUInt32BE(4)]
    if (!head.equals(headOf(kind, nameLength, version, length, kind === 0 ? this.#sum : 0))) throw damaged()
    if (kind === 0) {
      if (length !== this.#count) throw damaged()
      return undefined
    }
    if (kind > 2 || length > lengthLimit) throw damaged()
    const name = await this.#exactly(nameLength)
    const contents = await this.#exactly(length)
    const sum = await this.#exactly(4)
    if (!sum.equals(checksum(crc32(contents, crc32(name, crc32(head)))))) throw damaged()
    this.#count++
    this.#sum = crc32(sum, this.#sum)
    return { name: name.toString('latin1'), version, contents, optional: kind === 2 }
  }

  async #exactly(length: number): Promise<Buffer> {
    const bytes = await this.#read(length)
    if (bytes.length < length) throw new MigrationError('stream', 'the stream ends too early')
    return bytes
  }
}

const headBytes = 12

/** @param before - what its checksum is of besides */
function headOf(kind: number, nameLength: number, version: number, length: number, before = 0): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUInt8(kind, 0)
  head.writeUInt8(nameLength, 1)
  head.writeUInt16BE(version, 2)
  head.writeUInt32BE(length, 4)
  head.writeUInt32BE(crc32(head.subarray(0, 8), before), 8)
  return head
}

function checksum(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function damaged(): MigrationError {
  return new MigrationError('stream', 'the stream is damaged')
}
