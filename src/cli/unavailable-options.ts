/** Options of QEMU 7.2 (`qemu-system-i386`) that vmon does not have: whoever uses one is told so by name. */
const flags = `async-teardown audio-help enable-kvm enable-sync-profile full-screen mem-prealloc no-acpi no-fd-bootchk
  no-hpet old-param only-migratable portrait preconfig s semihosting singlestep snapshot usb win2k-hack xen-attach
  xen-domid-restrict`

const withArgument = `acpitable add-fd audio audiodev blockdev chroot compat debugcon dfilter dtb
  dump-vmstate echr fsdev fw_cfg g gdb global icount incoming iscsi k loadvm mem-path msg mtdblock net netdev nic numa
  object option-rom overcommit parallel pflash plugin prom-env qtest qtest-log readconfig rotate runas sandbox sd seed
  semihosting-config set smbios spice tpmdev trace usbdevice virtfs vnc xen-domid`

/** Their names, and whether an argument follows. */
export const unavailableOptions: ReadonlyMap<string, boolean> = new Map([
  ...flags.split(/\s+/).map((name) => [name, false] as const),
  ...withArgument.split(/\s+/).map((name) => [name, true] as const),
])
