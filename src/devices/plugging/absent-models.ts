/**
 * Models that QEMU has, and this PC has no bus for: by the buses that they need. Who asks for one is told that there is no
 * such bus, as by a QEMU that was started without it.
 */
const byBus: Readonly<Record<string, string>> = {
  'usb-bus': `u2f-passthru usb-audio usb-bot usb-braille usb-ccid usb-host usb-hub usb-kbd usb-mouse usb-mtp usb-net
    usb-redir usb-serial usb-storage usb-tablet usb-uas usb-wacom-tablet`,
  SCSI: 'scsi-block scsi-generic',
  HDA: 'hda-duplex hda-micro hda-output',
  'virtio-bus': `vhost-scsi vhost-user-blk vhost-user-fs-device vhost-user-gpio-device vhost-user-gpu
    vhost-user-i2c-device vhost-user-input vhost-user-rng vhost-user-scsi vhost-user-vsock-device vhost-vsock-device
    virtio-9p-device virtio-balloon-device virtio-blk-device virtio-crypto-device virtio-gpu-device
    virtio-input-host-device virtio-iommu-device virtio-keyboard-device virtio-mem virtio-mouse-device
    virtio-net-device virtio-pmem virtio-rng-device virtio-scsi-device virtio-serial-device virtio-tablet-device`,
  'ccid-bus': 'ccid-card-emulated ccid-card-passthru',
  'nvme-bus': 'nvme-ns',
  'sd-bus': 'sd-card',
  IndustryPack: 'ipoctal232',
  System: 'ramfb vmbus-bridge',
}

const buses: ReadonlyMap<string, string> = new Map(
  Object.entries(byBus).flatMap(([bus, names]) => names.split(/\s+/).map((name) => [name, bus] as const)),
)

/** The bus that a model of QEMU needs and this PC has not; undefined for other models. */
export function absentBusOf(driver: string): string | undefined {
  return buses.get(driver)
}
