import { OptionError } from '../../keyval/index.ts'
import type { DeviceModel } from '../model.ts'
import { macOf, netdevOf } from '../nic/properties.ts'
import {
  inOrder,
  int32,
  onOff,
  type PropertyType,
  type PropertyValue,
  signed32,
  text,
  unsigned,
} from '../properties.ts'
import {
  checkTransport,
  fixedVirtioProperties,
  ioeventfd,
  realizedTransport,
  transportOrder,
  vectors,
  virtioProperties,
} from '../virtio/properties.ts'

const order = `${transportOrder} vectors ioeventfd disable-legacy disable-modern mac notify_on_empty gso x-txtimer mq
  mrg_rxbuf x-txburst host_mtu tx rss status failover virtio-backend packed ctrl_mac_addr tx_queue_size guest_tso4
  use-disabled-flag hash host_tso6 ctrl_guest_offloads guest_ufo ctrl_vq guest_ecn use-started iommu_platform host_ufo
  x-disable-legacy-check any_layout host_ecn guest_rsc_ext duplex rsc_interval guest_announce netdev host_tso4
  x-mtu-bypass-backend queue_reset ctrl_rx_extra rx_queue_size guest_csum bootindex event_idx indirect_desc ctrl_vlan
  guest_tso6 speed csum ctrl_rx`

const part = 'virtio-net-device'
const switched = (byDefault: boolean): PropertyType => onOff(byDefault, 'on/off')
/** What a driver may do by itself, as it is offered. */
const offered = `csum ctrl_guest_offloads ctrl_mac_addr ctrl_rx ctrl_rx_extra ctrl_vlan ctrl_vq gso guest_announce
  guest_csum guest_ecn guest_tso4 guest_tso6 guest_ufo host_ecn host_tso4 host_tso6 host_ufo mrg_rxbuf status`
const withheld = ['guest_rsc_ext', 'hash', 'mq', 'rss']

/** A network card without the detours of a card's history: frames in rings. */
export const virtioNetPci: DeviceModel = {
  name: 'virtio-net-pci',
  aliases: ['virtio-net'],
  parent: 'virtio-net-pci-base',
  bus: 'PCI',
  category: 'Network',
  fixed: [...fixedVirtioProperties, ...withheld, 'failover'],
  check: (said) => {
    checkQueues(said)
    checkLink(said)
    checkTransport(said)
  },
  cardOwner: 'virtio-backend',
  backend: {
    type: part,
    properties: `mac gso x-txtimer mq mrg_rxbuf x-txburst host_mtu tx rss status failover ctrl_mac_addr tx_queue_size
      guest_tso4 hash host_tso6 ctrl_guest_offloads guest_ufo ctrl_vq guest_ecn host_ufo host_ecn guest_rsc_ext duplex
      rsc_interval guest_announce netdev host_tso4 x-mtu-bypass-backend ctrl_rx_extra guest_csum rx_queue_size
      ctrl_vlan guest_tso6 speed csum ctrl_rx`,
    own: 'bootindex',
  },
  rom: 'efi-virtio.rom',
  bootName: ['ethernet@', '/ethernet-phy@0'],
  // Two for each pair of queues, one for control and one for the configuration.
  realized: (properties) => realizedTransport(properties, 4),
  properties: inOrder(order, {
    ...virtioProperties(part),
    ...vectors(0xffff_ffff),
    ...ioeventfd,
    ...Object.fromEntries(offered.split(/\s+/).map((name) => [name, switched(true)])),
    ...Object.fromEntries(withheld.map((name) => [name, switched(false)])),
    bootindex: { ...int32, ofEach: true },
    duplex: text(),
    failover: onOff(false),
    host_mtu: unsigned(16, 0),
    mac: macOf(part),
    netdev: netdevOf(part),
    rsc_interval: unsigned(32, 300_000),
    rx_queue_size: unsigned(16, 256),
    speed: signed32(-1),
    tx: text(),
    tx_queue_size: unsigned(16, 256),
    'x-mtu-bypass-backend': onOff(true),
    'x-txburst': signed32(256),
    'x-txtimer': unsigned(32, 150_000),
  }),
}

type Said = Readonly<Record<string, PropertyValue>>

function checkQueues({ rx_queue_size: received = 256, tx_queue_size: sent = 256 }: Said): void {
  const limits = 'must be a power of 2 between 256 and 1024'
  if (!isQueueSize(Number(received))) throw new OptionError(`Invalid rx_queue_size (= ${received}), ${limits}.`)
  if (!isQueueSize(Number(sent))) throw new OptionError(`Invalid tx_queue_size (= ${sent}), ${limits}`)
}

function checkLink({ duplex = '', speed = -1 }: Said): void {
  if (!['', 'half', 'full'].includes(String(duplex))) throw new OptionError("'duplex' must be 'half' or 'full'")
  if (Number(speed) < -1) throw new OptionError("'speed' must be between 0 and INT_MAX")
}

const isQueueSize = (size: number): boolean => size >= 256 && size <= 1024 && Number.isInteger(Math.log2(size))
