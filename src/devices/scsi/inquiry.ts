import { cut } from './scsi-unit.ts'
import { ScsiFailure, senses } from './sense.ts'

/** What a unit says of itself. */
export interface UnitIdentity {
  /** Peripheral device type. */
  readonly type: number
  readonly removable: boolean
  readonly vendor: string
  readonly product: string
  readonly version: string
  readonly serial: string
  /** By which others know it, wherever it is. */
  readonly deviceId: string
  readonly wwn: bigint
  readonly scsiVersion: number
}

/** Further pages, by their numbers. */
export type VitalPages = ReadonlyMap<number, () => Uint8Array>

const mostIdentity = 255 - 8

/** INQUIRY. @throws {ScsiFailure} if there is no such page */
export function inquiry(cdb: Uint8Array, unit: UnitIdentity, pages: VitalPages): Uint8Array {
  const allocated = (cdb[3]! << 8) | cdb[4]!
  if ((cdb[1]! & 1) === 0) {
    if (cdb[2] !== 0) throw new ScsiFailure(senses.invalidField)
    return cut(standard(unit), allocated)
  }
  const page = cdb[2]!
  const own: VitalPages = new Map<number, () => Uint8Array>([
    [0x00, () => Uint8Array.from(all.keys())],
    ...(unit.serial === '' ? [] : [[0x80, () => ascii(unit.serial, Math.min(unit.serial.length, 36))] as const]),
    [0x83, () => identification(unit)],
  ])
  const all: VitalPages = new Map([...own, ...pages])
  const content = all.get(page)?.()
  if (content === undefined) throw new ScsiFailure(senses.invalidField)
  return cut(Uint8Array.from([unit.type, page, content.length >> 8, content.length & 0xff, ...content]), allocated)
}

function standard({ type, removable, vendor, product, version, scsiVersion }: UnitIdentity): Uint8Array {
  const words = [...ascii(vendor, 8), ...ascii(product, 16), ...ascii(version, 4)]
  return Uint8Array.from([type, removable ? 0x80 : 0, scsiVersion, 0x12, 31, 0, 0, 0x12, ...words])
}

function identification({ deviceId, wwn }: UnitIdentity): Uint8Array {
  const bytes: number[] = []
  const id = Buffer.from(deviceId).subarray(0, mostIdentity)
  if (id.length > 0) bytes.push(0x02, 0x00, 0x00, id.length, ...id)
  if (wwn !== 0n) bytes.push(0x01, 0x03, 0x00, 8, ...wide(wwn))
  return Uint8Array.from(bytes)
}

function wide(value: bigint): number[] {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return [...bytes]
}

function ascii(text: string, length: number): Uint8Array {
  return Buffer.from(text.padEnd(length).slice(0, length), 'latin1')
}
