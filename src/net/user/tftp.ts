import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Clock, Timer } from './clock.ts'

export const tftpPort = 69

const operations = { read: 1, write: 2, data: 3, acknowledgment: 4, error: 5, options: 6 } as const
const errors = { notFound: 1, access: 2, illegal: 4 } as const
const mostTransfers = 32
/** How long a silent transfer is kept, in milliseconds. */
const patience = 60_000
const defaultBlock = 512
const largestBlock = 1428
const smallestBlock = 8

interface Transfer {
  readonly descriptor: number
  readonly blockSize: number
  /** The block that is on its way, from 1 on; 0 while the options are. */
  block: number
  /** That block is the last: it is shorter than the others. */
  isLast: boolean
  timer: Timer
}

/** Reads files of one folder to guests by TFTP (RFC 1350, 2347 to 2349): their boot loaders speak it. Nothing is written. */
export class TftpServer {
  readonly #folder: string
  readonly #clock: Clock
  readonly #transfers = new Map<string, Transfer>()

  constructor(folder: string, clock: Clock) {
    this.#folder = folder
    this.#clock = clock
  }

  /** @param client whoever asks, by address and port @returns what is to be answered; undefined if nothing */
  answer(client: string, packet: Buffer): Buffer | undefined {
    if (packet.length < 4) return undefined
    const operation = packet.readUInt16BE(0)
    if (operation === operations.read) return this.#begin(client, packet.subarray(2))
    if (operation === operations.write) return failure(errors.access, 'Access violation')
    if (operation === operations.acknowledgment) return this.#acknowledged(client, packet.readUInt16BE(2))
    if (operation === operations.error) this.#end(client)
    return undefined
  }

  close(): void {
    for (const client of [...this.#transfers.keys()]) this.#end(client)
  }

  #begin(client: string, request: Buffer): Buffer {
    this.#end(client)
    const [name, mode, ...more] = request.toString('latin1').split('\0')
    if (name === undefined || mode?.toLowerCase() !== 'octet')
      return failure(errors.illegal, 'Unsupported transfer mode')
    const descriptor = this.#open(name)
    if (descriptor === undefined) return failure(errors.notFound, 'File not found')
    if (this.#transfers.size >= mostTransfers) this.#end(this.#transfers.keys().next().value!)
    const asked = optionsOf(more)
    const wanted = Number(asked.get('blksize') ?? Number.NaN)
    const blockSize = wanted >= smallestBlock ? Math.min(Math.floor(wanted), largestBlock) : defaultBlock
    const transfer = {
      descriptor,
      blockSize,
      block: 0,
      isLast: false,
      timer: this.#clock.after(patience, () => this.#end(client)),
    }
    this.#transfers.set(client, transfer)
    const agreed: string[] = []
    if (asked.has('tsize')) agreed.push('tsize', String(fstatSync(descriptor).size))
    if (blockSize !== defaultBlock || wanted === defaultBlock) agreed.push('blksize', String(blockSize))
    if (agreed.length === 0) return this.#block(transfer, 1)
    return Buffer.concat([Buffer.of(0, operations.options), Buffer.from(agreed.map((word) => word + '\0').join(''))])
  }

  #acknowledged(client: string, low: number): Buffer | undefined {
    const transfer = this.#transfers.get(client)
    if (transfer === undefined) return undefined
    transfer.timer.cancel()
    transfer.timer = this.#clock.after(patience, () => this.#end(client))
    // Blocks are counted in 16 bits, again and again.
    if (low === (transfer.block & 0xffff)) {
      if (!transfer.isLast) return this.#block(transfer, transfer.block + 1)
      this.#end(client)
      return undefined
    }
    return low === ((transfer.block - 1) & 0xffff) && transfer.block > 0
      ? this.#block(transfer, transfer.block)
      : undefined
  }

  #block(transfer: Transfer, block: number): Buffer {
    transfer.block = block
    const bytes = Buffer.alloc(4 + transfer.blockSize)
    bytes.writeUInt16BE(operations.data, 0)
    bytes.writeUInt16BE(block & 0xffff, 2)
    try {
      const length = readSync(transfer.descriptor, bytes, 4, transfer.blockSize, (block - 1) * transfer.blockSize)
      transfer.isLast = length < transfer.blockSize
      return bytes.subarray(0, 4 + length)
    } catch {
      return failure(errors.access, 'The file cannot be read')
    }
  }

  /** Of the folder and what is in it; no link leads out of it. */
  #open(name: string): number | undefined {
    try {
      const root = realpathSync(this.#folder)
      const path = realpathSync(join(root, ...name.split(/[/\\]/).filter((part) => part !== '' && part !== '..')))
      if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined
      const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) // a pipe would wait
      if (fstatSync(descriptor).isFile()) return descriptor
      closeSync(descriptor)
    } catch {
      // It is not there, or not to be read: the guest hears the same.
    }
    return undefined
  }

  #end(client: string): void {
    const transfer = this.#transfers.get(client)
    if (transfer === undefined) return
    transfer.timer.cancel()
    this.#transfers.delete(client)
    closeSync(transfer.descriptor)
  }
}

function optionsOf(words: readonly string[]): Map<string, string> {
  const options = new Map<string, string>()
  for (let at = 0; at + 1 < words.length; at += 2) options.set(words[at]!.toLowerCase(), words[at + 1]!)
  return options
}

function failure(code: number, text: string): Buffer {
  return Buffer.concat([Buffer.of(0, operations.error, 0, code), Buffer.from(text + '\0')])
}
