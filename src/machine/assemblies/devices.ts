import { randomBytes as systemRandom } from 'node:crypto'
import { promisify } from 'node:util'
import type { DriveSet, GuestDeviceModel, JobSet } from '../../block/index.ts'
import { findOptionRom, readOptionRom } from '../../board/index.ts'
import { ChardevError, type ChardevSet, Line } from '../../chardev/index.ts'
import {
  type Balloon,
  type CardWire,
  type DeviceHost,
  deviceModels,
  type ExtraDevice,
  ExtraDevices,
  type HostServices,
  hostSideOf,
  namedObjects,
} from '../../devices/index.ts'
import type { InputHandlers } from '../../input/index.ts'
import { OptionError } from '../../keyval/index.ts'
import type { EventHub } from '../../monitor/index.ts'
import { type NetEnd, NetError, type NetSet } from '../../net/index.ts'
import type { UserObjects } from '../../objects/index.ts'
import type { ObjectTree } from '../../qom/index.ts'
import type { BoardListeners } from '../board-listeners.ts'
import type { MachineConfig } from '../config.ts'
import { type FlashChip, flashDevice, flashImage } from '../flash-chips.ts'
import { discDrive, guestDrive } from '../guest-drives.ts'
import { driveDeviceOf, takenSlots } from '../settings/devices.ts'
import { checkFolder } from '../settings/shared-folders.ts'
import type { PcObjects } from '../tree/pc-objects.ts'
import { shownDevices } from '../tree/wished-objects.ts'
import type { Start } from './start.ts'

/** Takes Node's function when it is called: most machines never load its cryptography. */
const randomBytes = (count: number): Promise<Buffer> => promisify(systemRandom)(count)

interface Needs extends Start {
  readonly drives: DriveSet
  readonly jobs: JobSet
  readonly balloon: Balloon
  readonly chardevs: ChardevSet
  readonly networks: NetSet
  readonly events: EventHub
  readonly listeners: BoardListeners
  readonly objectTree: ObjectTree
  readonly userObjects: UserObjects
  readonly pcObjects: PcObjects
  readonly flash: readonly FlashChip[]
  readonly inputHandlers: InputHandlers
}

/** The devices beside the PC's own, and what stands behind them. */
export function devices(needs: Needs): {
  readonly extraDevices: ExtraDevices
} {
  const { config, balloon, chardevs, networks, events, listeners, objectTree, userObjects, pcObjects, flash } = needs
  const { machine, vga, acpi, videoCard } = config
  const fromStart = [...flash.map(flashDevice), ...pcObjects.planned, ...config.devices]
  const slots = takenSlots({ vga: vga && videoCard === undefined, acpi })
  if (videoCard !== undefined) slots.take({ slot: videoCard.slot ?? 2, function: 0 }, { name: 'VGA', id: videoCard.id })
  for (const { model, id, place, properties } of fromStart) {
    if (place.bus === 'PCI') slots.take(place, { name: model, id, multifunction: properties['multifunction'] === true })
    if (properties['mac'] !== undefined) networks.macs.take(String(properties['mac']))
  }
  const extraDevices = new ExtraDevices(
    {
      ...{ machine, vga, acpi, slots },
      lasting: config.lastingDevices,
      kept: config.wished
        .filter(({ path }) => config.lastingDevices.some((lasting) => lasting.path === path))
        .map(({ properties }) => properties),
      shown: shownDevices(objectTree, { pc: pcObjects, balloon, drives: needs.drives }),
      emit: (name, ...[data]) => events.emit(name, data),
      hostOf: (device, carrier) => hostOf(device, carrier, needs),
      objectType: (id) => userObjects.typeOf(id),
      checkChardev: (label, property) => checkChardev(chardevs, label, property),
      checkDrive: (model, backend) => needs.drives.checkBackend({ model: model as GuestDeviceModel, backend }),
      checkFolder: (wanted) => checkFolder(config.sharedFolders, wanted),
      migrating: () => listeners.migrations?.active === true,
      network: {
        use: (netdev, property) => checkNetdev(networks, netdev, property),
        takeMac: (said) => networks.macs.take(said),
        romBytes: (file) => findOptionRom(file, config.firmware.folders)?.byteLength,
      },
    },
    fromStart,
  )
  return { extraDevices }
}

/** What stands behind a device; when it goes, others can have what it has used. */
async function hostOf(
  device: ExtraDevice,
  carrier: DeviceHost | undefined,
  { config, drives, jobs, balloon, chardevs, networks, userObjects, listeners, events, inputHandlers, flash }: Needs,
): Promise<DeviceHost | undefined> {
  const { id, model, properties, place, chardev } = device
  const side = await hostSideOf(model)
  if (side === undefined) return undefined
  const ofDrive = driveDeviceOf(device)
  // Those from the start have had their drives since these were made.
  const has = [...drives].some((drive) => drive.device?.path === ofDrive?.path)
  if (ofDrive !== undefined && !has) await drives.addDevice(ofDrive)
  let input: (bytes: Uint8Array) => Promise<void> = () => new Promise(() => undefined) // nothing of it is read
  const rom = await romOf(device, config)
  const line = new Line((bytes) => input(bytes), { leaves: place.bus !== 'ISA' && place.bus !== 'none' })
  const uses = new Map(namedObjects(device).map(([property, object]) => [property, userObjects.use(object)]))
  if (chardev !== undefined) chardevs.find(chardev).attach(line)
  const flashed = await flashImage(flash, device)
  const host = side({
    properties,
    services: {
      guestPanicked: () => listeners.ask((runControl) => runControl.guestPanicked()),
      guestCrashloaded: () => listeners.ask((runControl) => runControl.guestCrashloaded()),
      watchdogExpired: () => listeners.ask((runControl) => runControl.watchdogExpired()),
      exit: (status) => listeners.runControl?.exit(status),
      output: (bytes) => line.output(bytes),
      input: (take) => {
        input = take
      },
      peers: (hear) => {
        line.peers = hear
        if (line.connected) hear(true)
      },
      listening: (listens) => {
        line.listens = listens
      },
      guestOpened: (open) => {
        if (id !== undefined) events.emit('VSERPORT_CHANGE', { id, open })
      },
      carrier: () => carrier?.forCarried,
      drive: () => guestDrive(drives, ofDrive?.path),
      discDrive: () => discDrive(drives, ofDrive?.path),
      flash: flashed,
      balloon,
      inputs: inputHandlers,
      sharedFolder: () => config.sharedFolders.find((folder) => folder.id === properties['fsdev'])!,
      random: (count) => uses.get('rng')?.random(count) ?? randomBytes(count),
      rom,
      network: (end) => cardWire(networks, device, { end, events }),
    },
  })
  return {
    forCarried: host.forCarried,
    beginning: () => host.beginning?.(),
    receive: (message) => host.receive(message),
    connected: (plugged) => host.connected?.(plugged),
    migrationBlocker: () => host.migrationBlocker?.(),
    closed: async () => {
      await host.closed?.()
      if (chardev !== undefined) chardevs.find(chardev).detach(line)
      for (const used of uses.values()) used.end()
      if (ofDrive === undefined) return
      const drive = [...drives].find((one) => one.device?.path === ofDrive.path)
      // The drive goes with its device, and what works on its image with both; a device of a node has none of its own.
      if (drive?.node !== undefined && drive.id !== '') await jobs.giveUpOn(drive.node)
      await drives.removeDevice(ofDrive.path)
    },
  }
}

/** What is in a device's ROM; on a board that never executes nobody looks. */
async function romOf(
  { model, properties: { romfile = '', rombar } }: ExtraDevice,
  { accel, firmware }: MachineConfig,
): Promise<HostServices['rom']> {
  if (romfile === '' || rombar === 0 || accel === 'none') return undefined
  const bytes = await readOptionRom(String(romfile), firmware.folders)
  return bytes === undefined ? undefined : { bytes, usual: romfile === deviceModels[model]!.rom }
}

/** Puts a card on the network. */
function cardWire(
  networks: NetSet,
  { id, model, path, properties }: ExtraDevice,
  { end, events }: { readonly end: NetEnd; readonly events: EventHub },
): CardWire {
  const { netdev, mac } = properties
  const { cardOwner } = deviceModels[model]!
  const client = networks.attach({
    ...{ id, model, mac: String(mac), end },
    netdev: netdev === undefined || netdev === '' ? undefined : String(netdev),
  })
  return {
    get linkUp() {
      return client.linkUp
    },
    send: (frame) => client.send(frame),
    ready: () => client.ready(),
    filterChanged: (filter, said) => {
      if (!said) client.filter = filter
      else if (client.filterChanged(filter))
        events.emit('NIC_RX_FILTER_CHANGED', {
          ...(id !== undefined && { name: id }),
          path: cardOwner === undefined ? path : `${path}/${cardOwner}`,
        })
    },
    close: () => networks.detach(client),
  }
}

/** @throws {OptionError} in QEMU's words, if a card cannot have that back end */
function checkNetdev(networks: NetSet, netdev: string, property: string): void {
  try {
    networks.checkFree(netdev, property)
  } catch (error) {
    if (error instanceof NetError) throw new OptionError(error.message)
    throw error
  }
}

/** @throws {OptionError} in QEMU's words, if a device cannot have that character device */
function checkChardev(chardevs: ChardevSet, label: string, property: string): void {
  try {
    chardevs.checkUsable(label)
  } catch (error) {
    if (!(error instanceof ChardevError)) throw error
    if (error.kind === 'not-found') throw new OptionError(`Property '${property}' can't find value '${label}'`)
    throw new OptionError(`Property '${property}' can't take value '${label}': ${error.message}`)
  }
}
