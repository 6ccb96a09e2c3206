import type { HostSide } from '../model.ts'
import { ScsiUnit } from '../scsi/scsi-unit.ts'
import { senses } from '../scsi/sense.ts'
import type { UnitCarrier } from '../scsi/unit-carrier.ts'
import { identityOf, usualIdentities } from '../scsi/unit-identity.ts'
import { type DiscEvents, discCommands } from './disc-commands.ts'

/** Puts a CD drive on the bus of its controller. */
export const host: HostSide = ({ properties, services }) => {
  const drive = services.discDrive()
  const events: DiscEvents = { newMedium: false, ejectRequested: false }
  const identity = identityOf(properties, { ...usualIdentities['scsi-cd'], driveName: drive.name })
  const unit = new ScsiUnit(discCommands(drive, identity, events))
  const place = { target: Number(properties['scsi-id']), lun: Number(properties['lun']) }
  const plugged = (services.carrier() as UnitCarrier).add(place, unit)
  drive.changed((present) => {
    events.newMedium = present
    events.ejectRequested = false
    if (present) unit.attend(senses.mediumChanged)
  })
  drive.ejectRequested(() => {
    events.ejectRequested = true
  })
  return { receive: () => undefined, closed: () => plugged.remove() }
}
