import type { DeviceProperties } from '../../board/index.ts'
import type { UnitIdentity } from './inquiry.ts'

/** What units are, beside what is said of them. */
export const usualIdentities = {
  'scsi-hd': { type: 0x00, removable: false, product: 'QEMU HARDDISK' },
  'scsi-cd': { type: 0x05, removable: true, product: 'QEMU CD-ROM' },
} as const

/** Values of a unit's properties that were not said. */
export function settledProperties(
  model: keyof typeof usualIdentities,
  properties: DeviceProperties,
  driveName: string,
): Readonly<Record<string, unknown>> {
  const { vendor, product, version, deviceId } = identityOf(properties, { ...usualIdentities[model], driveName })
  return {
    ...{ vendor, product, ver: version, device_id: deviceId },
    ...{ discard_granularity: 4096, logical_block_size: 512, physical_block_size: 512 },
  }
}

/**
 * What a unit says of itself: what its properties say, and where they say nothing, what QEMU's says.
 *
 * @param usual - with the name of its drive, by which others know it if nothing else is said
 */
export function identityOf(
  properties: DeviceProperties,
  { driveName, ...usual }: Pick<UnitIdentity, 'type' | 'removable' | 'product'> & { readonly driveName: string },
): UnitIdentity {
  const { vendor = '', product = '', ver = '', serial = '', device_id: id = '' } = properties
  const shortSerial = String(serial).slice(0, 20)
  return {
    ...usual,
    removable: usual.removable || properties['removable'] === true,
    vendor: String(vendor) || 'QEMU',
    product: String(product) || usual.product,
    version: String(ver) || '2.5+',
    serial: String(serial),
    deviceId: String(id) || shortSerial || driveName,
    wwn: BigInt(String(properties['wwn'] ?? 0)),
    scsiVersion: Number(properties['scsi_version'] ?? 5),
  }
}
