import { createRequire } from 'node:module'
import { type ZstdFrame, zstdFrames } from './zstd-frames.ts'

type Callback = (error: Error | null, bytes: Uint8Array) => void

/** What Node has from 22.15 and 23.8 on. It takes long to load, so nobody looks before an image wants it. */
const native = (): {
  readonly zstdCompress?: (bytes: Uint8Array, callback: Callback) => void
  readonly zstdDecompress?: (bytes: Uint8Array, options: { maxOutputLength: number }, callback: Callback) => void
} => createRequire(import.meta.url)('node:zlib')

/** The decoder in JavaScript moves its whole window for each block: an image shall not keep it busy for minutes. */
const mostBlocks = 4096

/** Why nothing can be packed; undefined, if it can. */
export const packingRefusal = (): string | undefined =>
  native().zstdCompress === undefined
    ? `Node.js ${process.versions.node} cannot compress clusters by zstd: use Node.js 22.15 or later, or compression_type=zlib`
    : undefined

/** @throws {Error} if `packingRefusal()` says so */
export function packZstd(bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const { zstdCompress } = native()
    if (zstdCompress === undefined) throw new Error(packingRefusal())
    zstdCompress(bytes, (error, packed) => (error === null ? resolve(packed) : reject(error)))
  })
}

/**
 * Unpacks one frame after the other until there are so many bytes, as QEMU does; what follows is not looked at.
 *
 * Without Node's decoder `fzstd` does it, which looks at less: it lets checksums pass (QEMU writes none), and some damage
 * gives wrong bytes where libzstd gives an error.
 *
 * @param bytes - changed, where frames want more memory than they need
 * @param decode - for tests: Node's decoder or the other
 * @throws {Error} if they are damaged, or there is more or less than that
 */
export async function unpackZstd(bytes: Uint8Array, length: number, decode = anyDecoder): Promise<Uint8Array> {
  const target = new Uint8Array(length)
  let done = 0
  for (const frame of zstdFrames(bytes, length)) {
    const room = length - done
    const { contentSize } = frame
    if (contentSize !== undefined && contentSize > room) throw new RangeError('more than a cluster')
    const part = await decode(frame, room)
    if (contentSize !== undefined && part.byteLength !== contentSize) throw new RangeError('not what the frame says')
    target.set(part, done)
    done += part.byteLength
    if (done === length) break
  }
  return target
}

type Decoder = (frame: ZstdFrame, room: number) => Promise<Uint8Array>

const decodeByNode: Decoder = ({ bytes }, room) =>
  new Promise((resolve, reject) => {
    // Node takes no limit of zero bytes.
    native().zstdDecompress!(bytes, { maxOutputLength: Math.max(1, room) }, (error, unpacked) =>
      error === null ? resolve(unpacked) : reject(error),
    )
  })

/** Loaded when the first cluster is met: few images need it. */
export const decodeByScript: Decoder = async ({ bytes, blocks }, room) => {
  if (blocks > mostBlocks) throw new RangeError('too many blocks')
  const { Decompress } = await import('fzstd')
  const target = new Uint8Array(room)
  let done = 0
  new Decompress((part) => {
    target.set(part, done)
    done += part.byteLength
  }).push(bytes, true)
  return target.subarray(0, done)
}

const anyDecoder: Decoder = (frame, room) =>
  (native().zstdDecompress === undefined ? decodeByScript : decodeByNode)(frame, room)
