import type { ObjectType, TypeProperty } from './type-table.ts'

/** What belongs to each object itself. */
const ofEach = (properties: readonly TypeProperty[]): readonly TypeProperty[] =>
  properties.map((property) => ({ ...property, own: true }))

/** Types of machines, in the words of QEMU. */
export const machineTypes: readonly ObjectType[] = [
  {
    name: 'machine',
    parent: 'object',
    abstract: true,
    properties: [
      { name: 'kernel', type: 'string', description: 'Linux kernel image file' },
      { name: 'dt-compatible', type: 'string', description: 'Overrides the "compatible" property of the dt root node' },
      { name: 'boot', type: 'BootConfiguration', description: 'Boot configuration' },
      { name: 'memory', type: 'MemorySizeConfiguration', description: 'Memory size configuration' },
      { name: 'initrd', type: 'string', description: 'Linux initial ramdisk file' },
      {
        name: 'confidential-guest-support',
        type: 'link<confidential-guest-support>',
        description: 'Set confidential guest scheme to support',
      },
      { name: 'graphics', type: 'bool', description: 'Set on/off to enable/disable graphics emulation' },
      { name: 'usb', type: 'bool', description: 'Set on/off to enable/disable usb' },
      { name: 'firmware', type: 'string', description: 'Firmware image' },
      { name: 'memory-encryption', type: 'string', description: 'Set memory encryption object to use' },
      { name: 'smp', type: 'SMPConfiguration', description: 'CPU topology' },
      { name: 'dump-guest-core', type: 'bool', description: 'Include guest memory in a core dump' },
      { name: 'phandle-start', type: 'int', description: 'The first phandle ID we may generate dynamically' },
      { name: 'dumpdtb', type: 'string', description: 'Dump current dtb to a file and quit' },
      {
        name: 'memory-backend',
        type: 'link<memory-backend>',
        description: 'Set RAM backendValid value is ID of hostmem based backend',
      },
      { name: 'dtb', type: 'string', description: 'Linux kernel device tree file' },
      { name: 'mem-merge', type: 'bool', description: 'Enable/disable memory merge support' },
      { name: 'append', type: 'string', description: 'Linux kernel command line' },
      { name: 'suppress-vmdesc', type: 'bool', description: 'Set on to disable self-describing migration' },
    ],
  },
  {
    name: 'x86-machine',
    parent: 'machine',
    abstract: true,
    properties: [
      { name: 'smm', type: 'OnOffAuto', description: 'Enable SMM' },
      { name: 'acpi', type: 'OnOffAuto', description: 'Enable ACPI' },
      { name: 'pit', type: 'OnOffAuto', description: 'Enable i8254 PIT' },
      { name: 'pic', type: 'OnOffAuto', description: 'Enable i8259 PIC' },
      {
        name: 'x-oem-table-id',
        type: 'string',
        description:
          'Override the default value of field OEM Table ID in ACPI table header.The string may be up to 8 bytes in size',
      },
      {
        name: 'bus-lock-ratelimit',
        type: 'uint64_t',
        description: 'Set the ratelimit for the bus locks acquired in VMs',
      },
      { name: 'sgx-epc', type: 'SgxEPC', description: 'SGX EPC device' },
      {
        name: 'x-oem-id',
        type: 'string',
        description:
          'Override the default value of field OEMID in ACPI table header.The string may be up to 6 bytes in size',
      },
    ],
  },
  {
    name: 'generic-pc-machine',
    parent: 'x86-machine',
    abstract: true,
    properties: [
      { name: 'max-fw-size', type: 'size', description: 'Maximum combined firmware size' },
      { name: 'default-bus-bypass-iommu', type: 'bool' },
      { name: 'device-memory-region-size', type: 'int' },
      { name: 'sata', type: 'bool', description: 'Enable/disable Serial ATA bus' },
      { name: 'vmport', type: 'OnOffAuto', description: 'Enable vmport (pc & q35)' },
      { name: 'i8042', type: 'bool' },
      { name: 'hpet', type: 'bool', description: 'Enable/disable high precision event timer emulation' },
      { name: 'smbios-entry-point-type', type: 'str', description: 'SMBIOS Entry Point type [32, 64]' },
      { name: 'max-ram-below-4g', type: 'size', description: 'Maximum ram below the 4G boundary (32bit boundary)' },
      { name: 'smbus', type: 'bool', description: 'Enable/disable system management bus' },
    ],
  },
  {
    name: 'pc-i440fx-7.2-machine',
    parent: 'generic-pc-machine',
    properties: ofEach([
      { name: 'pflash0', type: 'str', description: 'Node name or ID of a block device to use as a backend' },
      {
        name: 'hmat',
        type: 'bool',
        description: 'Set on/off to enable/disable ACPI Heterogeneous Memory Attribute Table (HMAT)',
      },
      { name: 'pflash1', type: 'str', description: 'Node name or ID of a block device to use as a backend' },
      { name: 'cxl', type: 'bool', description: 'Set on/off to enable/disable CXL instantiation' },
      { name: 'peripheral', type: 'child<container>' },
      { name: 'pcspk-audiodev', type: 'str', description: 'ID of an audiodev to use as a backend' },
      { name: 'nvdimm', type: 'bool', description: 'Set on/off to enable/disable NVDIMM instantiation' },
      { name: 'peripheral-anon', type: 'child<container>' },
      { name: 'cxl-fmw', type: 'CXLFixedMemoryWindow', description: 'CXL Fixed Memory Windows (array)' },
      { name: 'system.flash0', type: 'child<cfi.pflash01>' },
      {
        name: 'nvdimm-persistence',
        type: 'string',
        description: 'Set NVDIMM persistenceValid values are cpu, mem-ctrl',
      },
      { name: 'system.flash1', type: 'child<cfi.pflash01>' },
    ]),
  },
  {
    name: 'none-machine',
    parent: 'machine',
    properties: ofEach([
      { name: 'peripheral-anon', type: 'child<container>' },
      { name: 'peripheral', type: 'child<container>' },
    ]),
  },
]
