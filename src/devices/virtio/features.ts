import type { DeviceProperties } from '../../board/index.ts'

/** Bits that say what a device can do and a driver wants, beside those of each kind of device. */
export const feature = {
  notifyOnEmpty: 1n << 24n,
  anyLayout: 1n << 27n,
  indirectDescriptors: 1n << 28n,
  eventIndex: 1n << 29n,
  /** Set where no driver acknowledges it that reads what it is offered. */
  bad: 1n << 30n,
  version1: 1n << 32n,
  ringReset: 1n << 40n,
} as const

/** Those that end with virtio 1.0. */
export const legacyFeatures = feature.notifyOnEmpty | feature.anyLayout | feature.bad

const ofProperties = {
  notify_on_empty: feature.notifyOnEmpty,
  any_layout: feature.anyLayout,
  indirect_desc: feature.indirectDescriptors,
  event_idx: feature.eventIndex,
  queue_reset: feature.ringReset,
} as const

/** What each device offers of the transport, as its properties say. */
export function transportFeatures(properties: DeviceProperties): bigint {
  let features = 0n
  for (const [name, bit] of Object.entries(ofProperties)) if (properties[name] === true) features |= bit
  return features
}
