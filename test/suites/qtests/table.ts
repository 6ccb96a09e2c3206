import { differs, type Expectation, notForUs, waitsFor } from '../expectation.ts'

/** The programs among QEMU's C tests that are about a PC such as ours. */
export const programs = [
  'qmp-test',
  'qmp-cmd-test',
  'qom-test',
  'test-hmp',
  'device-introspect-test',
  'machine-none-test',
  'readconfig-test',
  'boot-serial-test',
  'boot-order-test',
  'cdrom-test',
  'drive_del-test',
  'device-plug-test',
  'display-vga-test',
  'test-x86-cpuid-compat',
  'ide-test',
  'fdc-test',
  'hd-geo-test',
  'rtc-test',
  'endianness-test',
  'wdt_ib700-test',
  'pvpanic-test',
  'pvpanic-pci-test',
  'fw_cfg-test',
  'i440fx-test',
  'qos-test',
  'migration-test',
] as const

const messages = differs('virtio devices have no MSI-X capability')
const socketPair = waitsFor('-netdev socket,fd=')
const shadow = differs('RAM between C0000 and FFFFF can always be written, and the firmware is in it from the start')
const leftOut = differs('the program is built for a QEMU without it')

const pci = '/i386/pc/i440FX-pcihost/pci-bus-pc/pci-bus'

const afterwards = notForUs('migrates the RAM after the machine')
const channels = notForUs('migrates by several connections at once (multifd)')

/** What is not expected to pass: a case, or a whole program by its name. What is not here is expected to pass. */
export const exceptions: Readonly<Record<string, Expectation>> = {
  '/i386/qmp/oob': differs('no command is served out of band'),
  '/i386/qmp/preconfig': differs('there is no -preconfig'),
  '/i386/qmp/__org.vmon_query-screen-text': differs('wants a machine with a screen, and the test does not know it'),
  '/i386/qmp/query-vnc': leftOut,
  '/i386/qmp/query-vnc-servers': leftOut,
  '/i386/qmp/query-spice': leftOut,
  '/i386/qmp/query-xen-replication-status': leftOut,
  '/i386/machine/none/cpu_option': differs('the CPU has no properties: -cpu qemu32,apic-id=0 is refused'),
  '/i386/migration/postcopy/plain': afterwards,
  '/i386/migration/postcopy/recovery/plain': afterwards,
  '/i386/migration/postcopy/preempt/plain': afterwards,
  '/i386/migration/postcopy/preempt/recovery/plain': afterwards,
  '/i386/migration/postcopy/tls/psk': afterwards,
  '/i386/migration/postcopy/recovery/tls/psk': afterwards,
  '/i386/migration/postcopy/preempt/tls/psk': afterwards,
  '/i386/migration/postcopy/preempt/recovery/tls/psk': afterwards,
  '/i386/migration/multifd/tcp/tls/psk/match': channels,
  '/i386/migration/multifd/tcp/tls/psk/mismatch': channels,
  '/i386/migration/multifd/tcp/tls/x509/default-host': channels,
  '/i386/migration/multifd/tcp/tls/x509/override-host': channels,
  '/i386/migration/multifd/tcp/tls/x509/mismatch-host': channels,
  '/i386/migration/multifd/tcp/tls/x509/allow-anon-client': channels,
  '/i386/migration/multifd/tcp/tls/x509/reject-anon-client': channels,
  '/i386/migration/multifd/tcp/plain/none': channels,
  '/i386/migration/multifd/tcp/plain/cancel': channels,
  '/i386/migration/multifd/tcp/plain/zlib': channels,
  'cdrom-test': notForUs('makes its images by genisoimage, which is not asked for'),
  'test-x86-cpuid-compat': notForUs("asks for the features of QEMU's CPU models; there is one CPU"),
  '/i386/ide/identify': waitsFor('-global of disks that -drive makes, and ide-hd.ver'),
  '/i386/fdc/fuzz/cve_2021_20196': notForUs('is left out by the test itself, for QEMU 7.2'),
  '/i386/hd-geo/ide/device/user/chs': differs('the geometry of a disk cannot be said'),
  '/i386/hd-geo/ide/device/user/chst': differs('the geometry of a disk cannot be said'),
  '/i386/i440fx/defaults': shadow,
  '/i386/i440fx/pam': shadow,
  [`${pci}/virtio-blk-pci/virtio-blk-pci-tests/msix`]: messages,
  [`${pci}/virtio-blk-pci/virtio-blk-pci-tests/idx`]: messages,
  [`${pci}/virtio-net-pci/virtio-net-pci-tests/hotplug`]: socketPair,
  [`${pci}/virtio-net-pci/virtio-net/virtio-net-tests/basic`]: socketPair,
  [`${pci}/virtio-net-pci/virtio-net/virtio-net-tests/rx_stop_cont`]: socketPair,
  [`${pci}/virtio-net-pci/virtio-net/virtio-net-tests/announce-self`]: socketPair,
  [`${pci}/virtio-scsi-pci/virtio-scsi/virtio-scsi-tests/large-lba-unmap`]: differs('blocks of scsi-hd have 512 bytes'),
}
