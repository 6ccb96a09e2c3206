/**
 * Why devices that are on no bus cannot come, in QEMU's words: processors and memory, of which the machine has all that it
 * can have, and what can only be there from the start.
 */
const onlyAtStart = new Set(
  'vmgenid vmcoreinfo nvme-subsys ipmi-bmc-sim ipmi-bmc-extern amd-iommu intel-iommu'.split(' '),
)
const onOtherMachines = new Set('loader guest-loader tpm-crb hv-syndbg'.split(' '))

type Said = Readonly<Record<string, unknown>>

/** @returns undefined for all other models */
export function complaintOfWholePart(driver: string, said: Said): string | undefined {
  if (onlyAtStart.has(driver)) return "Parameter 'driver' expects a pluggable device type"
  if (onOtherMachines.has(driver)) return `Device '${driver}' can not be hotplugged on this machine`
  if (driver === 'qemu32-i386-cpu') return complaintOfCpu(said)
  if (driver === 'pc-dimm') return "no slots where allocated, please specify the 'slots' option"
  if (driver === 'nvdimm') return "nvdimm is not enabled: missing 'nvdimm' in '-M'"
  return undefined
}

/** There is one processor: the place of another one is missing, or is not there, or is taken. */
function complaintOfCpu(said: Said): string {
  const names = ['socket-id', 'core-id', 'thread-id']
  const missing = names.find((name) => said[name] === undefined)
  if (missing !== undefined) return `CPU ${missing} is not set`
  const outside = names.find((name) => Number(said[name]) !== 0)
  if (outside !== undefined) return `Invalid CPU ${outside}: ${String(said[outside])} must be in range 0:0`
  return 'CPU[0] with APIC ID 0 exists'
}
