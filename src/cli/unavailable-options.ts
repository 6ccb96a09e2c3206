/** Options of QEMU 7.2 (`qemu-system-i386`) that vmon does not have: whoever uses one is told so by name. */
const flags = `async-teardown audio-help enable-kvm preconfig s singlestep usb xen-attach xen-domid-restrict`

const withArgument = `audio compat dfilter
  dump-vmstate echr icount iscsi mem-path mtdblock numa
  option-rom plugin sd
  tpmdev trace usbdevice xen-domid`

/** Options of other QEMUs than that for PCs, and whether an argument follows. */
export const foreignOptions: ReadonlyMap<string, boolean> = new Map([
  ['old-param', false],
  ['semihosting', false],
  ['semihosting-config', true],
  ['prom-env', true],
  ['g', true],
])

/** Their names, and whether an argument follows. */
export const unavailableOptions: ReadonlyMap<string, boolean> = new Map([
  ...flags.split(/\s+/).map((name) => [name, false] as const),
  ...withArgument.split(/\s+/).map((name) => [name, true] as const),
])
