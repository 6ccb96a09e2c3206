import { deflateRaw, inflateRaw } from 'node:zlib'
import { BlockError } from '../../block-error.ts'
import { compressionTypes } from './header.ts'
import type { Image } from './image.ts'
import { packingRefusal, packZstd, unpackZstd } from './zstd.ts'

/** What QEMU reads: it looks back no further than 4 KiB. */
const windowBits = 12

/**
 * Reads the cluster whose compressed bytes are at `offset`.
 *
 * @param length - more than they take, because only whole sectors are counted
 * @throws {BlockError} kind `io`, if they are damaged
 */
export async function readCompressed(image: Image, offset: number, length: number): Promise<Uint8Array> {
  const { storage: data, geometry, header } = image
  const bytes = new Uint8Array(Math.max(0, Math.min(length, data.length - offset)))
  if (bytes.byteLength > 0) await data.readInto(offset, bytes)
  const unpack = header.compressionType === compressionTypes.zstd ? unpackZstd : inflate
  try {
    return await unpack(bytes, geometry.clusterSize)
  } catch (cause) {
    throw new BlockError('io', 'Input/output error', { code: 'EIO' }, { cause })
  }
}

function inflate(bytes: Uint8Array, length: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    inflateRaw(bytes, { maxOutputLength: length }, (cause, cluster) => {
      if (cause === null && cluster.byteLength === length) resolve(cluster)
      else reject(cause ?? new RangeError('less than a cluster'))
    })
  })
}

/** Why clusters of an image cannot be compressed; undefined, if they can. */
export function compressionRefusal({ header }: Image): string | undefined {
  return header.compressionType === compressionTypes.zstd ? packingRefusal() : undefined
}

/** Compresses a cluster in the image's way; undefined, if that does not make it smaller. */
export async function compress({ header }: Image, cluster: Uint8Array): Promise<Uint8Array | undefined> {
  const pack = header.compressionType === compressionTypes.zstd ? packZstd : deflate
  const bytes = await pack(cluster)
  return bytes.byteLength < cluster.byteLength ? bytes : undefined
}

function deflate(cluster: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    deflateRaw(cluster, { windowBits }, (error, bytes) => (error === null ? resolve(bytes) : reject(error)))
  })
}
