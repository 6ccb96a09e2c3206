import type { FlashRange } from '../board/index.ts'
import type { QomObject } from '../qom/index.ts'

/** What all devices have that have a drive. */
const drive = `drive backend_defaults logical_block_size physical_block_size min_io_size opt_io_size discard_granularity
    write-cache share-rw account-invalid account-failed`
/** What virtio devices have, and what their places on the PCI bus have. */
const virtio = `indirect_desc event_idx notify_on_empty any_layout iommu_platform packed queue_reset use-started
    use-disabled-flag x-disable-legacy-check`
const virtioPci = `virtio-pci-bus-master-bug-migration migrate-extra modern-pio-notify x-disable-pcie page-per-vq
    x-ignore-backend-features ats x-ats-page-aligned x-pcie-deverr-init x-pcie-lnkctl-init x-pcie-pm-init
    x-pcie-flr-init aer`
/** What is listed last of every function of the PCI bus. */
const pci = `addr romfile romsize rombar multifunction x-pcie-lnksta-dllla x-pcie-extcap-init failover_pair_id acpi-index`

const hid = `display head serial ${virtio}`

/** The order in which `info qtree` shows the properties of a type, which is no other list's. */
const shownProperties: Readonly<Record<string, string>> = {
  PIIX4_PM: `smb_io_base disable_s3 disable_s4 s4_val acpi-pci-hotplug-with-bridge-support acpi-root-pci-hotplug
    memory-hotplug-support smm-compat smm-enabled x-not-migrate-acpi-index`,
  VGA: 'vgamem_mb mmio qemu-extended-regs edid xres yres xmax ymax refresh_rate global-vmstate',
  'cfi.pflash01': `drive num-blocks sector-length width device-width max-device-width big-endian secure id0 id1 id2 id3
    name old-multiple-chip-handling`,
  e1000: 'mac netdev autonegotiation mitigation extra_mac_registers migrate_tso_props init-vet',
  e1000e: 'mac netdev disable_vnet_hdr subsys_ven subsys init-vet',
  floppy: `unit ${drive} drive-type`,
  fw_cfg_io: 'dma_enabled x-file-slots acpi-mr-restore',
  'i440FX-pcihost': 'pci-hole64-size short_root_bus x-pci-hole64-fix x-config-reg-migration-enabled bypass-iommu',
  i8042: 'extended-state kbd-throttle kbd-irq mouse-irq',
  i8257: 'base page-base pageh-base dshift',
  'ide-cd': `${drive} rerror werror ver wwn serial model unit`,
  'ide-hd': `${drive} rerror werror ver wwn serial model cyls heads secs lcyls lheads lsecs bios-chs-trans rotation_rate unit`,
  ioapic: 'version',
  'isa-debug-exit': 'iobase iosize',
  'isa-debugcon': 'iobase chardev readback',
  'isa-fdc': 'iobase irq dma fdtypeA fdtypeB fallback',
  'isa-i8259': 'iobase elcr_addr elcr_mask master',
  'isa-parallel': 'index iobase irq chardev',
  'isa-pcspk': 'audiodev iobase migrate',
  'isa-pit': 'iobase',
  'isa-serial': 'index iobase irq',
  mc146818rtc: 'base_year iobase irq lost_tick_policy',
  ne2k_isa: 'iobase irq mac netdev',
  ne2k_pci: 'mac netdev',
  'pci-serial': 'prog_if',
  pcnet: 'mac netdev',
  pvpanic: 'ioport events',
  'pvpanic-pci': 'events',
  rtl8139: 'mac netdev',
  'scsi-cd': `${drive} rerror werror ver serial vendor product device_id wwn port_wwn port_index max_io_size scsi_version
    quirk_mode_page_apple_vendor quirk_mode_sense_rom_use_dbd quirk_mode_page_vendor_specific_apple
    quirk_mode_page_truncated channel scsi-id lun`,
  'scsi-hd': `${drive} rerror werror ver serial vendor product device_id removable dpofua wwn port_wwn port_index
    max_unmap_size max_io_size rotation_rate scsi_version quirk_mode_page_vendor_specific_apple cyls heads secs
    lcyls lheads lsecs channel scsi-id lun`,
  'virtio-9p-device': `mount_tag fsdev ${virtio}`,
  'virtio-9p-pci': `disable-legacy disable-modern ioeventfd vectors ${virtioPci}`,
  'virtio-balloon-device': `deflate-on-oom free-page-hint page-poison free-page-reporting qemu-4-0-config-size ${virtio}`,
  'virtio-balloon-pci': `disable-legacy disable-modern ${virtioPci}`,
  'virtio-blk-device': `${drive} rerror werror cyls heads secs lcyls lheads lsecs serial config-wce scsi request-merging num-queues
    queue-size seg-max-adjust discard report-discard-granularity write-zeroes max-discard-sectors
    max-write-zeroes-sectors x-enable-wce-if-config-wce ${virtio}`,
  'virtio-blk-pci': `disable-legacy disable-modern class ioeventfd vectors ${virtioPci}`,
  'virtio-keyboard-device': hid,
  'virtio-keyboard-pci': `disable-legacy disable-modern vectors ${virtioPci}`,
  'virtio-mouse-device': `wheel-axis ${hid}`,
  'virtio-mouse-pci': `disable-legacy disable-modern vectors ${virtioPci}`,
  'virtio-net-device': `csum guest_csum gso guest_tso4 guest_tso6 guest_ecn guest_ufo guest_announce host_tso4 host_tso6 host_ecn
    host_ufo mrg_rxbuf status ctrl_vq ctrl_rx ctrl_vlan ctrl_rx_extra ctrl_mac_addr ctrl_guest_offloads mq rss hash
    guest_rsc_ext rsc_interval mac netdev x-txtimer x-txburst tx rx_queue_size tx_queue_size host_mtu
    x-mtu-bypass-backend speed duplex failover ${virtio}`,
  'virtio-net-pci': `disable-legacy disable-modern ioeventfd vectors ${virtioPci}`,
  'virtio-rng-device': `max-bytes period ${virtio}`,
  'virtio-rng-pci': `disable-legacy disable-modern ioeventfd vectors ${virtioPci}`,
  'virtio-tablet-device': `wheel-axis ${hid}`,
  'virtio-tablet-pci': `disable-legacy disable-modern vectors ${virtioPci}`,
  'virtio-scsi-device': `num_queues virtqueue_size seg_max_adjust max_sectors cmd_per_lun hotplug param_change ${virtio}`,
  'virtio-scsi-pci': `disable-legacy disable-modern ioeventfd vectors ${virtioPci}`,
  'virtio-serial-pci': `disable-legacy disable-modern ioeventfd vectors class ${virtioPci}`,
  'virtio-serial-device': `max_ports emergency-write ${virtio}`,
  virtconsole: 'chardev nr name',
  virtserialport: 'chardev nr name',
  vmport: 'x-read-set-eax x-signal-unsupported-cmd x-report-vmx-type x-cmds-v2 vmware-vmx-version vmware-vmx-type',
}

/** The lines of a device that lead to it and from it. */
const wires: Readonly<Record<string, readonly string[]>> = {
  PIIX4_PM: ['gpio-out "smi-irq" 1', 'gpio-out "" 1'],
  i8042: ['gpio-in "ps2-mouse-input-irq" 1', 'gpio-in "ps2-kbd-input-irq" 1', 'gpio-out "" 2', 'gpio-out "a20" 1'],
  ioapic: ['gpio-in "" 24'],
  'isa-i8259': ['gpio-in "" 8', 'gpio-out "" 1'],
  'isa-pit': ['gpio-in "" 1', 'gpio-out "" 1'],
  mc146818rtc: ['gpio-out "" 1'],
  port92: ['gpio-out "a20" 1'],
  'ps2-kbd': ['gpio-out "" 1'],
  'ps2-mouse': ['gpio-out "" 1'],
}

/** Where the registers are of what no firmware gives a place to: address and length, in bytes. */
const registers: Readonly<Record<string, readonly (readonly [address: number, bytes: number])[]>> = {
  ioapic: [[0xfec0_0000, 0x1000]],
}

/** What `info qtree` shows of a device beside its values. */
export interface DeviceLayout {
  readonly wires: readonly string[]
  /** Names, as far as the device has them. */
  readonly properties: readonly string[]
  /** Where it is in memory: address and length, in bytes. */
  readonly memory: readonly (readonly [address: number, bytes: number])[]
}

/** A device of a type that is not listed shows everything in the order of `qom-list`. */
export function layoutOf(device: QomObject, onPci: boolean, flash: readonly FlashRange[]): DeviceLayout {
  const { type } = device
  const listed = shownProperties[type]
  const own = listed === undefined && !onPci ? namesOf(device) : wordsOf(listed ?? '')
  const properties = [...own, ...(onPci ? wordsOf(pci) : [])].filter((name) => device.find(name)?.kind === 'value')
  const chip = flash.find(({ name }) => device.path === `/machine/${name}`)
  const memory = chip === undefined ? (registers[type] ?? []) : [[chip.address, chip.bytes] as const]
  return { wires: wires[type] ?? [], properties, memory }
}

const notShown = ['type', 'parent_bus', 'realized', 'hotplugged', 'hotpluggable', 'bootindex']

function namesOf(device: QomObject): string[] {
  return [...device.properties()]
    .map(([name]) => name)
    .filter((name) => !notShown.includes(name) && !name.startsWith('legacy-'))
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}
