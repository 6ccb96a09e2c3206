import { deflateRaw, inflateRaw } from 'node:zlib'
import { BlockError } from '../../block-error.ts'
import { compressionTypes, unsupported } from './header.ts'
import type { Image } from './image.ts'

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
  if (header.compressionType !== compressionTypes.deflate)
    throw unsupported('Clusters compressed by zstd cannot be read')
  return inflate(bytes, geometry.clusterSize)
}

function inflate(bytes: Uint8Array, length: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    inflateRaw(bytes, { maxOutputLength: length }, (cause, cluster) => {
      if (cause === null && cluster.byteLength === length) resolve(cluster)
      else reject(new BlockError('io', 'Input/output error', { code: 'EIO' }, { cause }))
    })
  })
}

/** Deflates a cluster; undefined, if that does not make it smaller. */
export function compress(cluster: Uint8Array): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    deflateRaw(cluster, { windowBits }, (error, bytes) => {
      if (error !== null) reject(error)
      else resolve(bytes.byteLength < cluster.byteLength ? bytes : undefined)
    })
  })
}
