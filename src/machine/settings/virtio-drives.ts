import { type DriveConfig, namesOfDrives } from '../../block/index.ts'
import type { DeviceWords } from '../../devices/index.ts'
import type { Asked } from '../config.ts'

/** The devices of the drives that were asked for with `if=virtio`: QEMU adds one for each, behind those of `-device`. */
export function virtioDevicesOf(
  drives: readonly (DriveConfig & Asked)[],
): readonly { readonly words: DeviceWords; readonly origin: string }[] {
  const names = namesOfDrives(drives)
  return drives.flatMap(({ interface: kind, origin = '' }, index) =>
    kind === 'virtio' ? [{ words: { driver: 'virtio-blk-pci', drive: names[index]! }, origin }] : [],
  )
}
