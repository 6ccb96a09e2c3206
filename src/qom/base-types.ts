import type { ObjectType, TypeProperty } from './type-table.ts'

const busProperties: readonly TypeProperty[] = [
  { name: 'realized', type: 'bool', own: true },
  { name: 'hotplug-handler', type: 'link<hotplug-handler>', own: true },
]

/** What everything is derived from, and what there is that is neither a device nor a machine. */
export const baseTypes: readonly ObjectType[] = [
  { name: 'object', abstract: true, properties: [{ name: 'type', type: 'string' }] },
  { name: 'container', parent: 'object' },
  { name: 'bus', parent: 'object', abstract: true },
  { name: 'PCI', parent: 'bus', properties: busProperties },
  { name: 'ISA', parent: 'bus', properties: busProperties },
  { name: 'IDE', parent: 'bus', properties: busProperties },
  { name: 'floppy-bus', parent: 'bus', properties: busProperties },
  { name: 'System', parent: 'bus', properties: busProperties },
  { name: 'virtio-serial-bus', parent: 'bus', properties: busProperties },
  { name: 'virtio-bus', parent: 'bus', abstract: true, properties: busProperties },
  { name: 'virtio-pci-bus', parent: 'virtio-bus' },
  { name: 'SCSI', parent: 'bus', properties: busProperties },
  { name: 'chardev', parent: 'object', abstract: true },
  { name: 'chardev-fd', parent: 'chardev', abstract: true },
  ...['vc', 'null', 'pty', 'mux', 'ringbuf', 'udp'].map((kind) => ({ name: `chardev-${kind}`, parent: 'chardev' })),
  ...['file', 'stdio', 'pipe'].map((kind) => ({ name: `chardev-${kind}`, parent: 'chardev-fd' })),
  {
    name: 'chardev-socket',
    parent: 'chardev',
    properties: [
      { name: 'connected', type: 'bool' },
      { name: 'addr', type: 'SocketAddress' },
    ],
  },
  { name: 'qemu-console', parent: 'object' },
  { name: 'accel', parent: 'object' },
  {
    name: 'qtest',
    parent: 'object',
    properties: [
      { name: 'chardev', type: 'string' },
      { name: 'log', type: 'string' },
    ],
  },
  // What -accel tcg stands for; programs look whether it is there before they ask for a machine without KVM.
  {
    name: 'tcg-accel',
    parent: 'accel',
    properties: [
      { name: 'thread', type: 'string' },
      { name: 'tb-size', type: 'int', description: 'TCG translation block cache size' },
      { name: 'split-wx', type: 'bool', description: 'Map jit pages into separate RW and RX regions' },
    ],
  },
  {
    name: 'memory-backend',
    parent: 'object',
    abstract: true,
    properties: [
      { name: 'share', type: 'bool', description: 'Mark the memory as private to QEMU or shared' },
      { name: 'size', type: 'int', description: 'Size of the memory region (ex: 500M)' },
      { name: 'dump', type: 'bool', description: "Set to 'off' to exclude from core dump" },
      { name: 'prealloc-threads', type: 'int', description: 'Number of CPU threads to use for prealloc' },
      { name: 'x-use-canonical-path-for-ramblock-id', type: 'bool' },
      { name: 'policy', type: 'HostMemPolicy', description: 'Set the NUMA policy' },
      {
        name: 'prealloc-context',
        type: 'link<thread-context>',
        description: 'Context to use for creating CPU threads for preallocation',
      },
      { name: 'prealloc', type: 'bool', description: 'Preallocate memory' },
      { name: 'reserve', type: 'bool', description: 'Reserve swap space (or huge pages) if applicable' },
      { name: 'host-nodes', type: 'int', description: 'Binds memory to the list of NUMA host nodes' },
      { name: 'merge', type: 'bool', description: 'Mark memory as mergeable' },
    ],
  },
  { name: 'memory-backend-ram', parent: 'memory-backend' },
  {
    name: 'secret_common',
    parent: 'object',
    abstract: true,
    properties: [
      { name: 'iv', type: 'string' },
      { name: 'keyid', type: 'string' },
      { name: 'loaded', type: 'bool' },
      { name: 'format', type: 'QCryptoSecretFormat' },
    ],
  },
  {
    name: 'secret',
    parent: 'secret_common',
    properties: [
      { name: 'file', type: 'string' },
      { name: 'data', type: 'string' },
    ],
  },
  {
    name: 'throttle-group',
    parent: 'object',
    properties: [
      { name: 'x-bps-write-max-length', type: 'int' },
      { name: 'x-iops-total-max-length', type: 'int' },
      { name: 'x-iops-size', type: 'int' },
      { name: 'limits', type: 'ThrottleLimits' },
      { name: 'x-bps-total', type: 'int' },
      { name: 'x-iops-read-max-length', type: 'int' },
      { name: 'x-bps-write', type: 'int' },
      { name: 'x-iops-write-max-length', type: 'int' },
      { name: 'x-bps-read-max', type: 'int' },
      { name: 'x-iops-read-max', type: 'int' },
      { name: 'x-bps-total-max', type: 'int' },
      { name: 'x-bps-read-max-length', type: 'int' },
      { name: 'x-iops-read', type: 'int' },
      { name: 'x-bps-read', type: 'int' },
      { name: 'x-bps-write-max', type: 'int' },
      { name: 'x-iops-total-max', type: 'int' },
      { name: 'x-iops-total', type: 'int' },
      { name: 'x-iops-write', type: 'int' },
      { name: 'x-bps-total-max-length', type: 'int' },
      { name: 'x-iops-write-max', type: 'int' },
    ],
  },
]
