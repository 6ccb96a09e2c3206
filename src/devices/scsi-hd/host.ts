import type { HostSide } from '../model.ts'
import { ScsiUnit } from '../scsi/scsi-unit.ts'
import { senses } from '../scsi/sense.ts'
import type { UnitCarrier } from '../scsi/unit-carrier.ts'
import { identityOf, usualIdentities } from '../scsi/unit-identity.ts'
import { diskCommands } from './disk-commands.ts'

/** Puts a disk on the bus of its controller. */
export const host: HostSide = ({ properties, services }) => {
  const drive = services.drive()
  const identity = identityOf(properties, { ...usualIdentities['scsi-hd'], driveName: drive.name })
  const unit = new ScsiUnit(diskCommands(drive, identity, properties))
  const place = { target: Number(properties['scsi-id']), lun: Number(properties['lun']) }
  const plugged = (services.carrier() as UnitCarrier).add(place, unit)
  drive.resized(() => {
    const { code, qualifier } = senses.capacityChanged
    unit.attend(senses.capacityChanged)
    plugged.changed(code, qualifier)
  })
  return { receive: () => undefined, closed: () => plugged.remove() }
}
