import { cfiPflash01 } from './cfi-pflash01/model.ts'
import { e1000 } from './e1000/model.ts'
import { floppy } from './floppy/model.ts'
import { i440fx } from './i440fx/model.ts'
import { i6300esb } from './i6300esb/model.ts'
import { i8042 } from './i8042/model.ts'
import { i8257 } from './i8257/model.ts'
import { ib700 } from './ib700/model.ts'
import { ideCd, ideHd } from './ide/model.ts'
import { isaDebugExit } from './isa-debug-exit/model.ts'
import { isaDebugcon } from './isa-debugcon/model.ts'
import { isaFdc } from './isa-fdc/model.ts'
import { isaI8259 } from './isa-i8259/model.ts'
import { isaParallel } from './isa-parallel/model.ts'
import { isaPcspk } from './isa-pcspk/model.ts'
import { isaPit } from './isa-pit/model.ts'
import { isaSerial } from './isa-serial/model.ts'
import { mc146818rtc } from './mc146818rtc/model.ts'
import type { DeviceEntry } from './model.ts'
import { ne2kPci } from './ne2k-pci/model.ts'
import { pcTestdev } from './pc-testdev/model.ts'
import { pciSerial } from './pci-serial/model.ts'
import { piix3 } from './piix3/model.ts'
import { piix3Ide } from './piix3-ide/model.ts'
import { piix4Pm } from './piix4-pm/model.ts'
import { port92 } from './port92/model.ts'
import { pvpanic } from './pvpanic/model.ts'
import { pvpanicPci } from './pvpanic-pci/model.ts'
import { rtl8139 } from './rtl8139/model.ts'
import { scsiCd } from './scsi-cd/model.ts'
import { scsiHd } from './scsi-hd/model.ts'
import { vga } from './vga/model.ts'
import { virtconsole } from './virtconsole/model.ts'
import { virtio9pPci } from './virtio-9p-pci/model.ts'
import { virtioBalloonPci } from './virtio-balloon-pci/model.ts'
import { virtioBlkPci } from './virtio-blk-pci/model.ts'
import { virtioKeyboardPci, virtioMousePci, virtioTabletPci } from './virtio-input/model.ts'
import { virtioNetPci } from './virtio-net-pci/model.ts'
import { virtioRngPci } from './virtio-rng-pci/model.ts'
import { virtioScsiPci } from './virtio-scsi-pci/model.ts'
import { virtioSerialPci } from './virtio-serial-pci/model.ts'
import { virtserialport } from './virtserialport/model.ts'
import { vmgenid } from './vmgenid/model.ts'
import { vmmouse } from './vmmouse/model.ts'
import { vmport } from './vmport/model.ts'

/** THE MODELS that can be added, in the order of `-device help`. A device is a folder and a line here. */
export const deviceTable: readonly DeviceEntry[] = [
  { model: floppy },
  { model: ideCd },
  { model: ideHd },
  { model: scsiCd, host: () => import('./scsi-cd/host.ts') },
  { model: scsiHd, host: () => import('./scsi-hd/host.ts') },
  {
    model: virtio9pPci,
    guest: () => import('./virtio-9p-pci/guest.ts'),
    host: () => import('./virtio-9p-pci/host.ts'),
  },
  {
    model: virtioBlkPci,
    guest: () => import('./virtio-blk-pci/guest.ts'),
    host: () => import('./virtio-blk-pci/host.ts'),
  },
  {
    model: virtioScsiPci,
    guest: () => import('./virtio-scsi-pci/guest.ts'),
    host: () => import('./virtio-scsi-pci/host.ts'),
  },
  { model: e1000, guest: () => import('./e1000/guest.ts'), host: () => import('./nic/host.ts') },
  { model: ne2kPci, guest: () => import('./ne2k-pci/guest.ts'), host: () => import('./nic/host.ts') },
  { model: rtl8139, guest: () => import('./rtl8139/guest.ts'), host: () => import('./nic/host.ts') },
  {
    model: virtioNetPci,
    guest: () => import('./virtio-net-pci/guest.ts'),
    host: () => import('./virtio-net-pci/host.ts'),
  },
  { model: isaParallel, guest: () => import('./isa-parallel/guest.ts'), host: () => import('./byte-output/host.ts') },
  { model: isaSerial },
  { model: pciSerial, guest: () => import('./pci-serial/guest.ts'), host: () => import('./pci-serial/host.ts') },
  { model: virtconsole, host: () => import('./virtconsole/host.ts') },
  {
    model: virtioKeyboardPci,
    guest: async () => ({ guest: (await import('./virtio-input/guest.ts')).keyboard }),
    host: async () => ({ host: (await import('./virtio-input/host.ts')).keyboard }),
  },
  {
    model: virtioMousePci,
    guest: async () => ({ guest: (await import('./virtio-input/guest.ts')).mouse }),
    host: async () => ({ host: (await import('./virtio-input/host.ts')).mouse }),
  },
  {
    model: virtioSerialPci,
    guest: () => import('./virtio-serial-pci/guest.ts'),
    host: () => import('./virtio-serial-pci/host.ts'),
  },
  {
    model: virtioTabletPci,
    guest: async () => ({ guest: (await import('./virtio-input/guest.ts')).tablet }),
    host: async () => ({ host: (await import('./virtio-input/host.ts')).tablet }),
  },
  { model: virtserialport, host: () => import('./virtserialport/host.ts') },
  { model: vga },
  {
    model: isaDebugExit,
    guest: () => import('./isa-debug-exit/guest.ts'),
    host: () => import('./isa-debug-exit/host.ts'),
  },
  { model: isaDebugcon, guest: () => import('./isa-debugcon/guest.ts'), host: () => import('./byte-output/host.ts') },
  { model: pcTestdev, guest: () => import('./pc-testdev/guest.ts') },
  { model: pvpanic, guest: () => import('./pvpanic/guest.ts'), host: () => import('./pvpanic/host.ts') },
  { model: pvpanicPci, guest: () => import('./pvpanic-pci/guest.ts'), host: () => import('./pvpanic/host.ts') },
  {
    model: virtioBalloonPci,
    guest: () => import('./virtio-balloon-pci/guest.ts'),
    host: () => import('./virtio-balloon-pci/host.ts'),
  },
  {
    model: virtioRngPci,
    guest: () => import('./virtio-rng-pci/guest.ts'),
    host: () => import('./virtio-rng-pci/host.ts'),
  },
  { model: vmgenid, guest: () => import('./vmgenid/guest.ts') },
  { model: i6300esb, guest: () => import('./i6300esb/guest.ts'), host: () => import('./ib700/host.ts') },
  { model: ib700, guest: () => import('./ib700/guest.ts'), host: () => import('./ib700/host.ts') },
]

/** What every PC has, and no more of it can be added. */
export const pcParts: readonly DeviceEntry[] = [
  { model: i440fx },
  { model: piix3 },
  { model: piix3Ide },
  { model: piix4Pm },
  { model: i8257 },
  { model: isaI8259 },
  { model: mc146818rtc },
  { model: isaPit },
  { model: isaPcspk },
  { model: isaFdc },
  { model: i8042 },
  { model: vmport },
  { model: vmmouse },
  { model: port92 },
  {
    model: cfiPflash01,
    guest: () => import('./cfi-pflash01/guest.ts'),
    host: () => import('./cfi-pflash01/host.ts'),
  },
]

/** Whatever a machine can have on its board. */
export const allDevices: readonly DeviceEntry[] = [...deviceTable, ...pcParts]
