/** Options of QEMU 7.2 (`qemu-system-i386`) that vmon does not have: whoever uses one is told so by name. */
export const unavailableOptions: ReadonlySet<string> = new Set(
  `acpitable action add-fd async-teardown audio audio-help audiodev blockdev chroot compat debugcon device dfilter dtb
  dump-vmstate echr enable-fips enable-kvm enable-sync-profile fsdev full-screen fw_cfg g gdb global icount incoming
  iscsi k loadvm mem-path mem-prealloc mtdblock msg net netdev nic no-acpi no-fd-bootchk no-hpet numa object
  only-migratable option-rom overcommit parallel perfmap jitdump pflash plugin portrait preconfig prom-env readconfig
  rotate run-with runas s sandbox sd seed semihosting semihosting-config set singlestep smbios snapshot spice tb-size
  tpmdev trace usb usbdevice virtfs vnc watchdog watchdog-action win2k-hack xen-attach xen-domid
  xen-domid-restrict`.split(/\s+/),
)
