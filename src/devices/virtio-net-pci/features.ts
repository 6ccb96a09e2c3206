import type { DeviceProperties } from '../../board/index.ts'

/** What a network card can do. */
export const netFeature = {
  mtu: 1n << 3n,
  mac: 1n << 5n,
  anySegments: 1n << 6n,
  mergeableBuffers: 1n << 15n,
  status: 1n << 16n,
  controlQueue: 1n << 17n,
  controlReceive: 1n << 18n,
  controlVlan: 1n << 19n,
  controlReceiveExtra: 1n << 20n,
  guestAnnounce: 1n << 21n,
  controlMac: 1n << 23n,
  controlOffloads: 1n << 2n,
  speedAndDuplex: 1n << 63n,
} as const

const ofProperties = {
  gso: netFeature.anySegments,
  mrg_rxbuf: netFeature.mergeableBuffers,
  status: netFeature.status,
  ctrl_vq: netFeature.controlQueue,
  ctrl_rx: netFeature.controlReceive,
  ctrl_vlan: netFeature.controlVlan,
  ctrl_rx_extra: netFeature.controlReceiveExtra,
  guest_announce: netFeature.guestAnnounce,
  ctrl_mac_addr: netFeature.controlMac,
  ctrl_guest_offloads: netFeature.controlOffloads,
} as const

/**
 * What is offered to a driver. Checksums and segments are not: as with QEMU's, where what is behind the card takes frames
 * as they are.
 */
export function offeredFeatures(properties: DeviceProperties): bigint {
  let features = netFeature.mac
  for (const [name, bit] of Object.entries(ofProperties)) if (properties[name] === true) features |= bit
  if (Number(properties['host_mtu'] ?? 0) > 0) features |= netFeature.mtu
  if (Number(properties['speed'] ?? -1) >= 0 || (properties['duplex'] ?? '') !== '')
    features |= netFeature.speedAndDuplex
  return features
}
