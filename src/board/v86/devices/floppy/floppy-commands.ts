import { status0, type Transfer } from './floppy-constants.ts'
import type { FloppyController } from './floppy-controller.ts'
import type { FloppyDrive } from './floppy-drive.ts'

interface FloppyCommand {
  readonly name: string
  /** Bytes behind the command. */
  readonly parameters: number
  run(controller: FloppyController, bytes: Uint8Array): void
}

const transfers = (direction: Transfer) => (controller: FloppyController) => controller.transfer(direction)

/** An 82078's commands by value and the bits that matter; of two that fit, the first one is meant. */
const table: readonly (readonly [value: number, mask: number, command: FloppyCommand])[] = [
  [0x06, 0x1f, { name: 'READ', parameters: 8, run: transfers('read') }],
  [0x05, 0x3f, { name: 'WRITE', parameters: 8, run: transfers('write') }],
  [0x0f, 0xff, { name: 'SEEK', parameters: 2, run: seek }],
  [0x08, 0xff, { name: 'SENSE INTERRUPT STATUS', parameters: 0, run: (controller) => controller.senseInterrupt() }],
  [0x07, 0xff, { name: 'RECALIBRATE', parameters: 1, run: recalibrate }],
  [0x0d, 0xbf, { name: 'FORMAT TRACK', parameters: 5, run: formatTrack }],
  [0x02, 0xbf, { name: 'READ TRACK', parameters: 8, run: transfers('read') }],
  [0x4e, 0xff, { name: 'RESTORE', parameters: 17, run: restore }],
  [0x2e, 0xff, { name: 'SAVE', parameters: 0, run: save }],
  [0x0c, 0x1f, { name: 'READ DELETED DATA', parameters: 8, run: deleted }],
  [0x11, 0x1f, { name: 'SCAN EQUAL', parameters: 8, run: transfers('scanEqual') }],
  [0x16, 0x1f, { name: 'VERIFY', parameters: 8, run: transfers('verify') }],
  [0x19, 0x1f, { name: 'SCAN LOW OR EQUAL', parameters: 8, run: transfers('scanLow') }],
  [0x1d, 0x1f, { name: 'SCAN HIGH OR EQUAL', parameters: 8, run: transfers('scanHigh') }],
  [0x09, 0x3f, { name: 'WRITE DELETED DATA', parameters: 8, run: deleted }],
  [0x0a, 0xbf, { name: 'READ ID', parameters: 1, run: readId }],
  [0x03, 0xff, { name: 'SPECIFY', parameters: 2, run: specify }],
  [0x04, 0xff, { name: 'SENSE DRIVE STATUS', parameters: 1, run: senseDrive }],
  [0x12, 0xff, { name: 'PERPENDICULAR MODE', parameters: 1, run: perpendicularMode }],
  [0x13, 0xff, { name: 'CONFIGURE', parameters: 3, run: configure }],
  [0x17, 0xff, { name: 'POWERDOWN MODE', parameters: 2, run: powerdownMode }],
  [0x33, 0xff, { name: 'OPTION', parameters: 1, run: (controller) => controller.awaitCommand() }],
  [0x8e, 0xff, { name: 'DRIVE SPECIFICATION', parameters: 5, run: driveSpecification }],
  [0x8f, 0xff, { name: 'RELATIVE SEEK OUT', parameters: 2, run: relativeSeek(-1) }],
  [0xcd, 0xff, { name: 'FORMAT AND WRITE', parameters: 10, run: unknown }],
  [0xcf, 0xff, { name: 'RELATIVE SEEK IN', parameters: 2, run: relativeSeek(1) }],
  [0x14, 0x7f, { name: 'LOCK', parameters: 0, run: lock }],
  [0x0e, 0xff, { name: 'DUMPREG', parameters: 0, run: dumpRegisters }],
  [0x10, 0xff, { name: 'VERSION', parameters: 0, run: (controller) => controller.answer([0x90]) }],
  [0x18, 0xff, { name: 'PART ID', parameters: 0, run: (controller) => controller.answer([0x41]) }],
  [0x05, 0x1f, { name: 'WRITE, as BeOS has it', parameters: 8, run: transfers('write') }],
]

const unknownCommand: FloppyCommand = { name: 'unknown', parameters: 0, run: unknown }

export function floppyCommand(byte: number): FloppyCommand {
  return table.find(([value, mask]) => (byte & mask) === value)?.[2] ?? unknownCommand
}

function unknown(controller: FloppyController): void {
  controller.answer([status0.invalid])
}

function seek(controller: FloppyController, bytes: Uint8Array): void {
  const drive = controller.select(bytes[1]!)
  seekTo(controller, drive, bytes[2]!)
}

/** The heads move whether there is a medium or not, as far as they can. */
function seekTo(controller: FloppyController, drive: FloppyDrive, track: number): void {
  controller.awaitCommand()
  drive.seek(drive.head, track, drive.sector)
  controller.seekEnded()
}

function relativeSeek(direction: 1 | -1): FloppyCommand['run'] {
  return (controller, bytes) => {
    const drive = controller.select(bytes[1]!)
    const track = drive.track + direction * bytes[2]!
    const last = direction > 0 && track >= drive.tracks
    seekTo(controller, drive, last ? drive.tracks - 1 : Math.max(0, track))
  }
}

function recalibrate(controller: FloppyController, bytes: Uint8Array): void {
  controller.select(bytes[1]!).recalibrate()
  controller.awaitCommand()
  controller.seekEnded()
}

/** Only takes note of the track's length: nothing is written. */
function formatTrack(controller: FloppyController, bytes: Uint8Array): void {
  controller.select(bytes[1]!).sectors = bytes[3]!
  controller.endTransfer()
}

/** No medium has data that is marked as deleted. */
function deleted(controller: FloppyController): void {
  controller.endTransfer(status0.abnormal | status0.seekEnd)
}

function readId(controller: FloppyController, bytes: Uint8Array): void {
  controller.drive.head = (bytes[1]! >> 2) & 1
  controller.awaitSector()
}

function specify(controller: FloppyController, bytes: Uint8Array): void {
  const { settings } = controller
  settings.stepRate = bytes[1]! >> 4
  settings.headLoad = bytes[2]! >> 1
  controller.useDma((bytes[2]! & 1) === 0)
  controller.awaitCommand()
}

function senseDrive(controller: FloppyController, bytes: Uint8Array): void {
  const drive = controller.select(bytes[1]!)
  drive.head = (bytes[1]! >> 2) & 1
  const trackZero = drive.track === 0 ? 0x10 : 0
  controller.answer([(Number(drive.readOnly) << 6) | trackZero | (drive.head << 2) | controller.selected | 0x28])
}

function perpendicularMode(controller: FloppyController, bytes: Uint8Array): void {
  if (bytes[1]! & 0x80) controller.drive.perpendicular = bytes[1]! & 7
  controller.awaitCommand()
}

function configure(controller: FloppyController, bytes: Uint8Array): void {
  controller.settings.config = bytes[2]!
  controller.settings.precompensation = bytes[3]!
  controller.awaitCommand()
}

function powerdownMode(controller: FloppyController, bytes: Uint8Array): void {
  controller.settings.powerdown = bytes[1]!
  controller.answer([bytes[1]!])
}

function driveSpecification(controller: FloppyController, bytes: Uint8Array): void {
  const last = bytes[5]!
  if ((last & 0x80) === 0) return // more of them are awaited, for which there is no place
  if (last & 0x40) controller.answer([bytes[1]!, bytes[1]!, 0, 0])
  else controller.awaitCommand()
}

function lock(controller: FloppyController, bytes: Uint8Array): void {
  controller.settings.locked = bytes[0]! >> 7
  controller.answer([controller.settings.locked << 4])
}

const modes = ({ settings: { locked }, drive }: FloppyController): number => (locked << 7) | (drive.perpendicular << 2)

function dumpRegisters(controller: FloppyController): void {
  const { settings, drive, usesDma } = controller
  const timers = [settings.stepRate, (settings.headLoad << 1) | Number(usesDma)]
  const last = [drive.sectors, modes(controller), settings.config, settings.precompensation]
  controller.answer([controller.driveAt(0).track, controller.driveAt(1).track, 0, 0, ...timers, ...last])
}

function save(controller: FloppyController): void {
  const { settings, drive } = controller
  const tracks = [controller.driveAt(0).track, controller.driveAt(1).track, 0, 0]
  const rest = [settings.config, settings.precompensation, settings.powerdown, 0, 0]
  const timers = [settings.stepRate, settings.headLoad]
  controller.answer([0, 0, ...tracks, ...timers, drive.sectors, modes(controller), ...rest])
}

function restore(controller: FloppyController, bytes: Uint8Array): void {
  const { settings, drive } = controller
  controller.driveAt(0).track = bytes[3]!
  controller.driveAt(1).track = bytes[4]!
  settings.stepRate = bytes[7]!
  settings.headLoad = bytes[8]!
  drive.sectors = bytes[9]!
  settings.locked = bytes[10]! >> 7
  drive.perpendicular = (bytes[10]! >> 2) & 0x0f
  settings.config = bytes[11]!
  settings.precompensation = bytes[12]!
  settings.powerdown = bytes[13]!
  controller.awaitCommand()
}
