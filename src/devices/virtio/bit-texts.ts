// The texts of 7.2, misspelt words and all.

/** A bit and what QEMU says of it; in the order of its tables, whose last line it says first. */
export type BitText = readonly [bit: number, text: string]

const logAll: BitText = [26, 'VHOST_F_LOG_ALL: Logging write descriptors supported']
const protocolFeatures: BitText = [
  30,
  'VHOST_USER_F_PROTOCOL_FEATURES: Vhost-user protocol features negotiation supported',
]

/** Status of a device, by the numbers of its bits. */
export const statusTexts: readonly BitText[] = [
  [2, 'VIRTIO_CONFIG_S_DRIVER_OK: Driver setup and ready'],
  [3, 'VIRTIO_CONFIG_S_FEATURES_OK: Feature negotiation complete'],
  [1, 'VIRTIO_CONFIG_S_DRIVER: Guest OS compatible with device'],
  [6, 'VIRTIO_CONFIG_S_NEEDS_RESET: Irrecoverable error, device needs reset'],
  [7, 'VIRTIO_CONFIG_S_FAILED: Error in guest, device failed'],
  [0, 'VIRTIO_CONFIG_S_ACKNOWLEDGE: Valid virtio device found'],
]

/** What every transport may offer. */
export const transportTexts: readonly BitText[] = [
  [24, 'VIRTIO_F_NOTIFY_ON_EMPTY: Notify when device runs out of avail. descs. on VQ'],
  [27, 'VIRTIO_F_ANY_LAYOUT: Device accepts arbitrary desc. layouts'],
  [32, 'VIRTIO_F_VERSION_1: Device compliant for v1 spec (legacy)'],
  [33, 'VIRTIO_F_IOMMU_PLATFORM: Device can be used on IOMMU platform'],
  [34, 'VIRTIO_F_RING_PACKED: Device supports packed VQ layout'],
  [35, 'VIRTIO_F_IN_ORDER: Device uses buffers in same order as made available by driver'],
  [36, 'VIRTIO_F_ORDER_PLATFORM: Memory accesses ordered by platform'],
  [37, 'VIRTIO_F_SR_IOV: Device supports single root I/O virtualization'],
  [28, 'VIRTIO_RING_F_INDIRECT_DESC: Indirect descriptors supported'],
  [29, 'VIRTIO_RING_F_EVENT_IDX: Used & avail. event fields enabled'],
]

/** What a kind of device is called, and what it may offer of its own. */
interface KindTexts {
  readonly name: string
  readonly features: readonly BitText[]
}

/** By virtio's numbers of the kinds of devices. */
const kinds: Readonly<Record<number, KindTexts>> = {
  1: {
    name: 'virtio-net',
    features: [
      [0, 'VIRTIO_NET_F_CSUM: Device handling packets with partial checksum supported'],
      [1, 'VIRTIO_NET_F_GUEST_CSUM: Driver handling packets with partial checksum supported'],
      [2, 'VIRTIO_NET_F_CTRL_GUEST_OFFLOADS: Control channel offloading reconfig. supported'],
      [3, 'VIRTIO_NET_F_MTU: Device max MTU reporting supported'],
      [5, 'VIRTIO_NET_F_MAC: Device has given MAC address'],
      [7, 'VIRTIO_NET_F_GUEST_TSO4: Driver can receive TSOv4'],
      [8, 'VIRTIO_NET_F_GUEST_TSO6: Driver can receive TSOv6'],
      [9, 'VIRTIO_NET_F_GUEST_ECN: Driver can receive TSO with ECN'],
      [10, 'VIRTIO_NET_F_GUEST_UFO: Driver can receive UFO'],
      [11, 'VIRTIO_NET_F_HOST_TSO4: Device can receive TSOv4'],
      [12, 'VIRTIO_NET_F_HOST_TSO6: Device can receive TSOv6'],
      [13, 'VIRTIO_NET_F_HOST_ECN: Device can receive TSO with ECN'],
      [14, 'VIRTIO_NET_F_HOST_UFO: Device can receive UFO'],
      [15, 'VIRTIO_NET_F_MRG_RXBUF: Driver can merge receive buffers'],
      [16, 'VIRTIO_NET_F_STATUS: Configuration status field available'],
      [17, 'VIRTIO_NET_F_CTRL_VQ: Control channel available'],
      [18, 'VIRTIO_NET_F_CTRL_RX: Control channel RX mode supported'],
      [19, 'VIRTIO_NET_F_CTRL_VLAN: Control channel VLAN filtering supported'],
      [20, 'VIRTIO_NET_F_CTRL_RX_EXTRA: Extra RX mode control supported'],
      [21, 'VIRTIO_NET_F_GUEST_ANNOUNCE: Driver sending gratuitous packets supported'],
      [22, 'VIRTIO_NET_F_MQ: Multiqueue with automatic receive steering supported'],
      [23, 'VIRTIO_NET_F_CTRL_MAC_ADDR: MAC address set through control channel'],
      [57, 'VIRTIO_NET_F_HASH_REPORT: Hash reporting supported'],
      [60, 'VIRTIO_NET_F_RSS: RSS RX steering supported'],
      [61, 'VIRTIO_NET_F_RSC_EXT: Extended coalescing info supported'],
      [62, 'VIRTIO_NET_F_STANDBY: Device acting as standby for primary device with same MAC addr. supported'],
      [63, 'VIRTIO_NET_F_SPEED_DUPLEX: Device set linkspeed and duplex'],
      [6, 'VIRTIO_NET_F_GSO: Handling GSO-type packets supported'],
      [27, 'VHOST_NET_F_VIRTIO_NET_HDR: Virtio-net headers for RX and TX packets supported'],
      logAll,
      protocolFeatures,
    ],
  },
  2: {
    name: 'virtio-blk',
    features: [
      [1, 'VIRTIO_BLK_F_SIZE_MAX: Max segment size is size_max'],
      [2, 'VIRTIO_BLK_F_SEG_MAX: Max segments in a request is seg_max'],
      [4, 'VIRTIO_BLK_F_GEOMETRY: Legacy geometry available'],
      [5, 'VIRTIO_BLK_F_RO: Device is read-only'],
      [6, 'VIRTIO_BLK_F_BLK_SIZE: Block size of disk available'],
      [10, 'VIRTIO_BLK_F_TOPOLOGY: Topology information available'],
      [12, 'VIRTIO_BLK_F_MQ: Multiqueue supported'],
      [13, 'VIRTIO_BLK_F_DISCARD: Discard command supported'],
      [14, 'VIRTIO_BLK_F_WRITE_ZEROES: Write zeroes command supported'],
      [0, 'VIRTIO_BLK_F_BARRIER: Request barriers supported'],
      [7, 'VIRTIO_BLK_F_SCSI: SCSI packet commands supported'],
      [9, 'VIRTIO_BLK_F_FLUSH: Flush command supported'],
      [11, 'VIRTIO_BLK_F_CONFIG_WCE: Cache writeback and writethrough modes supported'],
      logAll,
      protocolFeatures,
    ],
  },
  3: {
    name: 'virtio-serial',
    features: [
      [0, 'VIRTIO_CONSOLE_F_SIZE: Host providing console size'],
      [1, 'VIRTIO_CONSOLE_F_MULTIPORT: Multiple ports for device supported'],
      [2, 'VIRTIO_CONSOLE_F_EMERG_WRITE: Emergency write supported'],
    ],
  },
  4: { name: 'virtio-rng', features: [logAll, protocolFeatures] },
  5: {
    name: 'virtio-balloon',
    features: [
      [0, 'VIRTIO_BALLOON_F_MUST_TELL_HOST: Tell host before reclaiming pages'],
      [1, 'VIRTIO_BALLOON_F_STATS_VQ: Guest memory stats VQ available'],
      [2, 'VIRTIO_BALLOON_F_DEFLATE_ON_OOM: Deflate balloon when guest OOM'],
      [3, 'VIRTIO_BALLOON_F_FREE_PAGE_HINT: VQ reporting free pages enabled'],
      [4, 'VIRTIO_BALLOON_F_PAGE_POISON: Guest page poisoning enabled'],
      [5, 'VIRTIO_BALLOON_F_REPORTING: Page reporting VQ enabled'],
    ],
  },
  8: {
    name: 'virtio-scsi',
    features: [
      [0, 'VIRTIO_SCSI_F_INOUT: Requests including read and writable data buffers supported'],
      [1, 'VIRTIO_SCSI_F_HOTPLUG: Reporting and handling hot-plug events supported'],
      [2, 'VIRTIO_SCSI_F_CHANGE: Reporting and handling LUN changes supported'],
      [3, 'VIRTIO_SCSI_F_T10_PI: T10 info included in request header'],
      logAll,
      protocolFeatures,
    ],
  },
  9: { name: 'virtio-9p', features: [] },
  18: {
    name: 'virtio-input',
    features: [logAll, protocolFeatures],
  },
}

/** What QEMU says of a kind of device. @throws {Error} if there is none of that number */
export function textsOfKind(type: number): KindTexts {
  const found = kinds[type]
  if (found === undefined) throw new Error(`no kind of virtio device has the number ${type}`)
  return found
}

/** What is set, in the order in which QEMU says it, and the bits that nothing is known of. */
export function bitTexts(
  bits: bigint,
  table: readonly BitText[],
): { readonly texts: readonly string[]; readonly rest: bigint } {
  const set = table.filter(([bit]) => (bits >> BigInt(bit)) & 1n)
  const known = set.reduce((sum, [bit]) => sum | (1n << BigInt(bit)), 0n)
  return { texts: set.map(([, text]) => text).reverse(), rest: bits & ~known }
}
