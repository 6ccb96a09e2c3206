import { MigrationError } from '../migration-error.ts'

/** RAM is sent by pages of this size, as x86 has them. */
export const pageBytes = 4096

/** Pages of RAM: where each begins, and their contents one after the other. */
export interface Pages {
  readonly addresses: Uint32Array
  readonly bytes: Uint8Array
}

/*
 * The contents of a section `ram`: for each page 8 bytes with its address, the low bits of which say what follows:
 * nothing, if the page holds zeros; its 4096 bytes; or, behind 2 bytes with its length, the difference from what the page
 * held before.
 */
const zeroFlag = 0x02
const plainFlag = 0x08
const differenceFlag = 0x40
const flagMask = pageBytes - 1

const zeros = new Uint8Array(pageBytes)

export interface PackedPages {
  readonly contents: Buffer
  readonly zeroPages: number
  readonly differences: number
}

/** Gives the difference of a page from what was sent before, if only that is to go. */
export interface Differences {
  difference(address: number, page: Uint8Array): Uint8Array | undefined
  forget(address: number): void
}

export function packPages({ addresses, bytes }: Pages, cache?: Differences): PackedPages {
  const pieces: Uint8Array[] = []
  let [zeroPages, differences] = [0, 0]
  for (const [index, address] of addresses.entries()) {
    const page = bytes.subarray(index * pageBytes, (index + 1) * pageBytes)
    if (Buffer.compare(page, zeros) === 0) {
      zeroPages++
      cache?.forget(address)
      pieces.push(head(address, zeroFlag))
      continue
    }
    const difference = cache?.difference(address, page)
    if (difference === undefined) pieces.push(head(address, plainFlag), page)
    else {
      differences++
      pieces.push(
        head(address, differenceFlag),
        Buffer.of(difference.length >> 8, difference.length & 0xff),
        difference,
      )
    }
  }
  return { contents: Buffer.concat(pieces), zeroPages, differences }
}

function head(address: number, flags: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(address + flags, 4)
  return bytes
}

export interface UnpackedPages {
  readonly pages: Pages
  readonly differences: readonly { readonly address: number; readonly packed: Uint8Array }[]
}

/** @throws {MigrationError} `stream`, if the contents are spoilt, or a page lies outside RAM */
export function unpackPages(contents: Uint8Array, ramBytes: number): UnpackedPages {
  const view = Buffer.from(contents.buffer, contents.byteOffset, contents.length)
  const addresses: number[] = []
  const pages: Uint8Array[] = []
  const differences: { address: number; packed: Uint8Array }[] = []
  let at = 0
  const take = (length: number): Buffer => {
    if (at + length > view.length) throw spoilt()
    at += length
    return view.subarray(at - length, at)
  }
  while (at < view.length) {
    const first = take(8)
    const word = first.readUInt32BE(4)
    const flags = word & flagMask
    const address = word - flags
    if (first.readUInt32BE(0) !== 0 || address + pageBytes > ramBytes) throw spoilt()
    if (flags === differenceFlag) differences.push({ address, packed: take(take(2).readUInt16BE()) })
    else if (flags === plainFlag || flags === zeroFlag) {
      addresses.push(address)
      pages.push(flags === zeroFlag ? zeros : take(pageBytes))
    } else throw spoilt()
  }
  return { pages: { addresses: Uint32Array.from(addresses), bytes: Buffer.concat(pages) }, differences }
}

function spoilt(): MigrationError {
  return new MigrationError('stream', 'the stream has pages of RAM that this machine does not have')
}
