import type { DeviceProperties } from '../../board/index.ts'
import type { VirtioModel } from '../virtio/virtio-device.ts'
import { netFeature, offeredFeatures } from './features.ts'

/** Where in its configuration a driver finds what; each as far as its features reach. */
const at = { mac: 0, status: 6, pairs: 8, mtu: 10, speed: 12, duplex: 16, end: 17 } as const
const linkIsUp = 1
const announceWanted = 2
const duplexes: Readonly<Record<string, number>> = { half: 0, full: 1 }
const unknownDuplex = 0xff

interface ConfigSource {
  mac(): Uint8Array
  setMac(index: number, byte: number): void
  linkUp(): boolean
  announcing(): boolean
}

/** What a driver finds of a card before it speaks to it. */
export function cardConfig(properties: DeviceProperties, source: ConfigSource): VirtioModel['config'] {
  const bytes = new Uint8Array(at.end)
  const view = new DataView(bytes.buffer)
  view.setUint16(at.pairs, 1, true)
  view.setUint16(at.mtu, Number(properties['host_mtu'] ?? 0), true)
  view.setUint32(at.speed, Number(properties['speed'] ?? -1) >>> 0, true)
  bytes[at.duplex] = duplexes[String(properties['duplex'] ?? '')] ?? unknownDuplex
  return {
    length: lengthFor(offeredFeatures(properties)),
    read: (offset) => {
      if (offset < at.status) return source.mac()[offset]!
      if (offset === at.status) return (source.linkUp() ? linkIsUp : 0) | (source.announcing() ? announceWanted : 0)
      return bytes[offset]!
    },
    write: (offset, value) => {
      if (offset < at.status) source.setMac(offset, value)
    },
  }
}

function lengthFor(features: bigint): number {
  if (features & netFeature.speedAndDuplex) return at.end
  if (features & netFeature.mtu) return at.speed
  return features & netFeature.status ? at.pairs : at.status
}
