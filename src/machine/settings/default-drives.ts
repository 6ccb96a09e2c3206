import type { DefaultDrive } from '../../block/index.ts'
import type { MachineConfig } from '../config.ts'

/** Who asks for a disk or CD drive by name gets no CD drive besides; the same holds for floppy drives. */
export function defaultDrivesBeside(
  devices: MachineConfig['driveDevices'],
  named: (driver: string) => boolean,
): DefaultDrive[] {
  const has = (...models: string[]): boolean =>
    devices.some(({ model }) => models.includes(model)) || models.some(named)
  return [
    ...(has('ide-cd', 'ide-hd', 'scsi-cd', 'scsi-hd') ? [] : (['cdrom'] as const)),
    ...(has('floppy', 'isa-fdc') ? [] : (['floppy'] as const)),
    'sdcard',
  ]
}
