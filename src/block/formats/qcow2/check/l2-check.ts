import { viewOf } from '../big-endian.ts'
import {
  compressedBit,
  compressedLength,
  compressedOffset,
  copiedBit,
  isAligned,
  offsetOf,
  zeroBit,
} from '../l2-entry.ts'
import type { CheckedImage } from './checked-image.ts'
import { type Findings, hex } from './findings.ts'
import type { ReferenceWalk, TableUse } from './reference-walk.ts'

/** Bits of an entry that is not of a compressed cluster, high word and low, that mean nothing. */
const reserved = { high: 0x3f00_0000, low: 0x1fe } as const

/** Looks at the entries of L2 tables, and counts what they refer to. */
export class L2Check {
  readonly #image: CheckedImage
  readonly #walk: ReferenceWalk
  readonly #findings: Findings

  constructor(image: CheckedImage, walk: ReferenceWalk, findings: Findings) {
    this.#image = image
    this.#walk = walk
    this.#findings = findings
  }

  async count(offset: number, { times, active }: TableUse): Promise<void> {
    const { file, geometry, externalData } = this.#image
    const { clusterSize, l2EntrySize } = geometry
    if (offset >= file.length) return
    const view = viewOf(await file.read(offset, clusterSize))
    const findings = this.#findings
    const walk = this.#walk
    let following = 0
    for (let at = 0; at < clusterSize; at += l2EntrySize) {
      const high = view.getUint32(at)
      const low = view.getUint32(at + 4)
      const zero = l2EntrySize === 8 ? 0 : view.getUint32(at + 8)
      const allocated = l2EntrySize === 8 ? 0 : view.getUint32(at + 12)
      if (high === 0 && low === 0 && allocated === 0) continue
      if ((high & compressedBit) !== 0) {
        this.#countCompressed(at / l2EntrySize, { high, low, bits: zero !== 0 || allocated !== 0 }, { times, active })
        continue
      }
      if ((high & reserved.high) !== 0 || (low & reserved.low) !== 0) {
        findings.fault(`ERROR found l2 entry with reserved bits set: ${hex(view.getBigUint64(at))}`, times)
        findings.brokenEntries++
      }
      const host = offsetOf(high, low)
      if (host === 0 && !(externalData && (high & copiedBit) !== 0)) {
        if (allocated === 0) continue
        findings.fault('ERROR: Unallocated cluster has non-zero subcluster allocation map', times)
        continue
      }
      if ((zero & allocated) !== 0) {
        findings.fault(`ERROR offset=${hex(host)}: Allocated cluster has corrupted subcluster allocation bitmap`, times)
        findings.brokenEntries++
      }
      const aligned = isAligned(low, clusterSize)
      if (!aligned) {
        const holdsData = l2EntrySize === 8 ? (low & zeroBit) === 0 : allocated !== 0
        const what = holdsData ? 'Data' : 'Preallocated'
        const word = holdsData || !findings.mendsEntries ? 'ERROR' : 'Repairing'
        findings.fault(
          `${word} offset=${hex(host)}: ${what} cluster is not properly aligned; L2 entry corrupted.`,
          times,
        )
        if (!holdsData) findings.brokenEntries++
      }
      if (active > 0) {
        findings.allocated += active
        if (following !== 0 && host !== following) findings.fragmented += active
        following = host + clusterSize
      }
      if (externalData) continue
      const cluster = host / clusterSize
      if (aligned && cluster < walk.clusters) walk.referCluster(cluster, times)
      else walk.refer(host, clusterSize, times)
    }
  }

  #countCompressed(
    index: number,
    { high, low, bits }: { high: number; low: number; bits: boolean },
    { times, active }: TableUse,
  ): void {
    const { geometry, externalData } = this.#image
    const { clusterBits } = geometry
    const findings = this.#findings
    const entry = (BigInt(high) << 32n) | BigInt(low)
    const place = compressedOffset(high, low, clusterBits)
    const length = compressedLength(high, low, clusterBits)
    if ((high & copiedBit) !== 0) {
      const offset = hex(entry & ((1n << BigInt(70 - clusterBits)) - 1n))
      findings.fault(`ERROR: coffset=0x${offset}: copied flag must never be set for compressed clusters`, times)
      findings.brokenEntries++
    }
    if (externalData || bits) {
      const what = externalData ? 'data file' : 'non-zero subcluster allocation bitmap'
      const shown = hex(entry & ~(1n << 63n))
      findings.fault(`ERROR compressed cluster ${index} with ${what}, entry=0x${shown}`, times)
      if (!externalData) this.#walk.touch(place, length, times)
      return
    }
    this.#walk.refer(place, length, times)
    findings.allocated += active
    findings.compressed += active
    findings.fragmented += active
  }
}
