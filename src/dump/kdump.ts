import { deflateSync } from 'node:zlib'
import type { CpuRegisters } from '../board/index.ts'
import type { PhysicalRange } from './dump-ranges.ts'
import { cpuNotes } from './elf-core.ts'

/*
 * A compressed dump as kdump makes it (makedumpfile's IMPLEMENTATION, version 6 with headers of 64 bits), in the
 * flattened form that can be written to a pipe: pieces, each behind its place in the real file. That has blocks of 4096
 * bytes: the header; the second header and the notes; a bitmap of the pages that there are, twice; a descriptor for each
 * page, in order; the pages, each compressed if that makes it smaller, and one of zeros for all that are zeros.
 */
const blockBytes = 4096
const flatHeaderBytes = 4096
const descriptorBytes = 24
const headerBytes = 464
const secondHeaderBytes = 104
const compressedFlag = 1

/** A part of the file, and where in it. */
interface Piece {
  readonly at: number
  readonly bytes: Uint8Array
}

/** Pages are asked for in order; what comes out is written one after the other. */
export class KdumpWriter {
  readonly #notes: Buffer
  readonly #ranges: readonly PhysicalRange[]
  /** The number of the first page behind all that can be. */
  readonly #pageLimit: number
  readonly #bitmapBytes: number
  readonly #cpus: number
  #descriptorsAt: number
  #dataAt: number
  readonly #zeroPageAt: number

  /** @param ranges of memory, by rising addresses; whole pages */
  constructor(registers: readonly CpuRegisters[], ranges: readonly PhysicalRange[]) {
    this.#cpus = registers.length
    this.#notes = cpuNotes(registers)
    this.#ranges = ranges
    this.#pageLimit = Math.max(...ranges.map(({ address, bytes }) => (address + bytes) / blockBytes))
    this.#bitmapBytes = whole(Math.ceil(this.#pageLimit / 8))
    const pages = ranges.reduce((sum, { bytes }) => sum + bytes / blockBytes, 0)
    this.#descriptorsAt = this.#bitmapAt + 2 * this.#bitmapBytes
    this.#zeroPageAt = this.#descriptorsAt + pages * descriptorBytes
    this.#dataAt = this.#zeroPageAt + blockBytes
  }

  /** What stands before the pages. */
  head(): Buffer {
    const flat = Buffer.alloc(flatHeaderBytes)
    flat.write('makedumpfile', 'latin1')
    flat.writeBigInt64BE(1n, 16) // type
    flat.writeBigInt64BE(1n, 24) // version
    const bitmap = this.#bitmap()
    return Buffer.concat([
      flat,
      ...flattened([
        { at: 0, bytes: this.#header() },
        { at: blockBytes, bytes: this.#secondHeader() },
        { at: blockBytes + secondHeaderBytes, bytes: this.#notes },
        { at: this.#bitmapAt, bytes: bitmap },
        { at: this.#bitmapAt + this.#bitmapBytes, bytes: bitmap },
        { at: this.#zeroPageAt, bytes: zeros },
      ]),
    ])
  }

  /** The next pages. @param bytes of whole pages */
  pages(bytes: Uint8Array): Buffer {
    const descriptors = Buffer.alloc((bytes.length / blockBytes) * descriptorBytes)
    const contents: Uint8Array[] = []
    let dataAt = this.#dataAt
    for (let page = 0; page < bytes.length / blockBytes; page++) {
      const plain = bytes.subarray(page * blockBytes, (page + 1) * blockBytes)
      if (Buffer.compare(plain, zeros) === 0) {
        descriptor({ at: this.#zeroPageAt, bytes: blockBytes, flags: 0 }).copy(descriptors, page * descriptorBytes)
        continue
      }
      const small = deflateSync(plain, { level: 1 })
      const [content, flags] = small.length < blockBytes ? [small, compressedFlag] : [plain, 0]
      descriptor({ at: dataAt, bytes: content.length, flags }).copy(descriptors, page * descriptorBytes)
      contents.push(content)
      dataAt += content.length
    }
    const pieces: Piece[] = [{ at: this.#descriptorsAt, bytes: descriptors }]
    if (contents.length > 0) pieces.push({ at: this.#dataAt, bytes: Buffer.concat(contents) })
    this.#descriptorsAt += descriptors.length
    this.#dataAt = dataAt
    return Buffer.concat([...flattened(pieces)])
  }

  get #bitmapAt(): number {
    return blockBytes + whole(secondHeaderBytes + this.#notes.length)
  }

  #header(): Buffer {
    const head = Buffer.alloc(headerBytes)
    head.write('KDUMP   ', 'latin1')
    head.writeUInt32LE(6, 8)
    head.write('i686', 272, 'latin1') // of what uname tells, the machine
    const numbers = {
      424: compressedFlag,
      428: blockBytes,
      432: (this.#bitmapAt - blockBytes) / blockBytes,
      436: (2 * this.#bitmapBytes) / blockBytes,
      440: this.#pageLimit,
      460: this.#cpus,
    }
    for (const [at, value] of Object.entries(numbers)) head.writeUInt32LE(value, Number(at))
    return head
  }

  #secondHeader(): Buffer {
    const head = Buffer.alloc(secondHeaderBytes)
    head.writeUInt32LE(1, 8) // pages of zeros need no room
    head.writeBigUInt64LE(BigInt(blockBytes + secondHeaderBytes), 48)
    head.writeBigUInt64LE(BigInt(this.#notes.length), 56)
    head.writeBigUInt64LE(BigInt(this.#pageLimit), 96)
    return head
  }

  #bitmap(): Buffer {
    const bits = Buffer.alloc(this.#bitmapBytes)
    for (const { address, bytes } of this.#ranges)
      for (let page = address / blockBytes; page < (address + bytes) / blockBytes; page++)
        bits[page >> 3]! |= 1 << (page & 7)
    return bits
  }
}

/** What stands behind the last piece. */
export const kdumpTail: Uint8Array = Buffer.alloc(16, 0xff)

const zeros = new Uint8Array(blockBytes)

function* flattened(pieces: readonly Piece[]): Generator<Uint8Array> {
  for (const { at, bytes } of pieces) {
    const head = Buffer.alloc(16)
    head.writeBigInt64BE(BigInt(at), 0)
    head.writeBigInt64BE(BigInt(bytes.length), 8)
    yield head
    yield bytes
  }
}

function descriptor({
  at,
  bytes,
  flags,
}: {
  readonly at: number
  readonly bytes: number
  readonly flags: number
}): Buffer {
  const packed = Buffer.alloc(descriptorBytes)
  packed.writeBigInt64LE(BigInt(at), 0)
  packed.writeUInt32LE(bytes, 8)
  packed.writeUInt32LE(flags, 12)
  return packed
}

function whole(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes
}
