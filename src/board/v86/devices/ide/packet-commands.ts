import { dvdStructure, rawSectorBytes, rawTableOfContents, tableOfContents } from './disc-information.ts'
import { additional, cdSectorBytes, sense } from './mmc-constants.ts'
import type { PacketDrive } from './packet-drive.ts'

interface PacketCommand {
  /** Also runs while the guest has to be told of another medium. */
  readonly always: boolean
  readonly needsMedium: boolean
  /** Whether data goes to the guest: always, never, or it depends. */
  readonly data: 'always' | 'never' | 'depends'
  run(drive: PacketDrive, packet: Uint8Array): void
}

const short = (packet: Uint8Array, at: number): number => (packet[at]! << 8) | packet[at + 1]!
const long = (packet: Uint8Array, at: number): number => short(packet, at) * 2 ** 16 + short(packet, at + 2)

/** What fits on a CD, in sectors of 512 bytes: anything larger is a DVD. */
const mostOfCd = (80 * 60 * 75 * cdSectorBytes) / 512
const profiles = { cd: 0x08, dvd: 0x10 } as const
/** GET EVENT STATUS NOTIFICATION: events of the medium, and none of those that were asked for. */
const [mediaEvents, noEvents] = [4, 0x80]
const modePage = { errors: 0x01, audio: 0x0e, capabilities: 0x2a } as const
/** The medium of a drive whose mode is asked for, as of old: no disc, or the door is open, or nobody knows. */
const mediumType = 0x70
/** Kilobytes a second, four times a CD's. */
const speed = 704

/** The commands of a CD drive, by their codes; all others are refused. */
export const packetCommands: ReadonlyMap<number, PacketCommand> = new Map(
  Object.entries({
    0: withMedium('never', (drive) => drive.succeed()),
    3: { always: true, needsMedium: false, data: 'always', run: requestSense },
    18: { always: true, needsMedium: false, data: 'always', run: inquiry },
    27: whatever('never', startStop),
    30: whatever('never', preventRemoval),
    37: withMedium('always', readCapacity),
    40: withMedium('always', (drive, packet) => read(drive, long(packet, 2), short(packet, 7))),
    43: withMedium('never', seek),
    67: withMedium('always', readToc),
    70: { always: true, needsMedium: false, data: 'always', run: getConfiguration },
    74: { always: true, needsMedium: false, data: 'always', run: getEventStatus },
    81: withMedium('always', readDiscInformation),
    90: whatever('always', modeSense),
    168: withMedium('always', (drive, packet) => read(drive, long(packet, 2), long(packet, 6))),
    173: withMedium('always', readDvdStructure),
    187: whatever('never', (drive) => drive.succeed()), // the speed
    189: whatever('always', mechanismStatus),
    190: withMedium('depends', readCd),
  } satisfies Record<number, PacketCommand>).map(([code, command]) => [Number(code), command]),
)

function withMedium(data: PacketCommand['data'], run: PacketCommand['run']): PacketCommand {
  return { always: false, needsMedium: true, data, run }
}

function whatever(data: PacketCommand['data'], run: PacketCommand['run']): PacketCommand {
  return { always: false, needsMedium: false, data, run }
}

function invalidField(drive: PacketDrive): void {
  drive.fail(sense.illegalRequest, additional.invalidField)
}

/** Answers with bytes, as many of them as the guest has place for. */
function answer(drive: PacketDrive, bytes: ArrayLike<number>, allocated: number): void {
  drive.buffer.set(bytes)
  drive.reply(bytes.length, allocated)
}

function requestSense(drive: PacketDrive, packet: Uint8Array): void {
  const bytes = new Uint8Array(18)
  bytes.set([0xf0, 0, drive.senseKey, 0, 0, 0, 0, 10])
  bytes[12] = drive.additionalSense
  if (drive.senseKey === sense.unitAttention) drive.senseKey = sense.none
  answer(drive, bytes, packet[4]!)
}

const asciiOf = (text: string, length: number): number[] => [
  ...Buffer.from(text.padEnd(length).slice(0, length), 'latin1'),
]

function inquiry(drive: PacketDrive, packet: Uint8Array): void {
  const allocated = packet[4]!
  if (packet[1]! & 1) {
    vitalProductData(drive, packet[2]!, allocated)
    return
  }
  const words = [...asciiOf('QEMU', 8), ...asciiOf('QEMU DVD-ROM', 16), ...asciiOf('2.5+', 4)]
  answer(drive, [0x05, 0x80, 0x00, 0x21, 31, 0, 0, 0, ...words], allocated)
}

function vitalProductData(drive: PacketDrive, page: number, allocated: number): void {
  const { model, serial } = drive.identity
  const bytes = [0x05, page, 0, 0]
  const entry = (kind: number, content: readonly number[]) => bytes.push(0x02, kind, 0, content.length, ...content)
  if (page === 0x00) {
    bytes.push(0x00, 0x83) // the pages that there are
  } else if (page === 0x83) {
    if (bytes.length + 24 > allocated) {
      drive.fail(sense.illegalRequest, additional.dataPhaseError)
      return
    }
    entry(0x00, asciiOf(serial, 20))
    if (bytes.length + 72 <= allocated) {
      entry(0x01, [...asciiOf('ATA', 8), ...asciiOf(model, 40), ...asciiOf(serial, 20)])
    }
  } else {
    invalidField(drive)
    return
  }
  bytes[3] = bytes.length - 4
  answer(drive, bytes, allocated)
}

function startStop(drive: PacketDrive, packet: Uint8Array): void {
  const flags = packet[4]!
  const [start, moves, power] = [(flags & 1) !== 0, (flags & 2) !== 0, flags & 0xf0]
  if (power !== 0 || !moves) {
    drive.succeed()
    return
  }
  if (!start && !drive.trayOpen && drive.locked) {
    drive.failPrevented()
    return
  }
  if (drive.trayOpen !== start) {
    drive.succeed() // it is there already
    return
  }
  drive.moveTray(start ? 'close' : 'open', () => {
    drive.trayOpen = !start
  })
}

function preventRemoval(drive: PacketDrive, packet: Uint8Array): void {
  const locked = (packet[4]! & 1) !== 0
  drive.moveTray(locked ? 'lock' : 'unlock', () => {
    drive.locked = locked
  })
}

function readCapacity(drive: PacketDrive): void {
  const bytes = new DataView(new ArrayBuffer(8))
  bytes.setUint32(0, drive.discSectors - 1)
  bytes.setUint32(4, cdSectorBytes)
  answer(drive, new Uint8Array(bytes.buffer), 8)
}

function isOnDisc(drive: PacketDrive, first: number, count: number): boolean {
  if (first + count <= drive.discSectors) return true
  drive.fail(sense.illegalRequest, additional.outOfRange)
  return false
}

function read(drive: PacketDrive, first: number, count: number): void {
  if (count === 0) drive.succeed()
  else if (isOnDisc(drive, first, count)) drive.replySectors(first, count, cdSectorBytes)
}

/** Whole sectors, or the data in them; a guest may also want neither. */
function readCd(drive: PacketDrive, packet: Uint8Array): void {
  const [first, count] = [long(packet, 2), long(packet, 5) % 2 ** 24]
  const parts = packet[9]! & 0xf8
  if (count === 0) {
    drive.succeed()
    return
  }
  if (!isOnDisc(drive, first, count)) return
  if (parts === 0) {
    drive.succeed()
    return
  }
  if (!drive.takesData()) return
  if (parts === 0x10) drive.replySectors(first, count, cdSectorBytes)
  else if (parts === 0xf8) drive.replySectors(first, count, rawSectorBytes)
  else invalidField(drive)
}

function seek(drive: PacketDrive, packet: Uint8Array): void {
  if (isOnDisc(drive, long(packet, 2), 1)) drive.succeed()
}

function readToc(drive: PacketDrive, packet: Uint8Array): void {
  const [format, inMinutes, from] = [packet[9]! >> 6, (packet[1]! & 2) !== 0, packet[6]!]
  const formats = [
    () => tableOfContents(drive.discSectors, inMinutes, from),
    () => [0, 0x0a, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], // one session
    () => rawTableOfContents(drive.discSectors, inMinutes),
  ]
  const bytes = formats[format]?.()
  if (bytes === undefined) invalidField(drive)
  else answer(drive, bytes, short(packet, 7))
}

/** The list of profiles: a disc is a CD or a DVD by its size. */
function getConfiguration(drive: PacketDrive, packet: Uint8Array): void {
  if (short(packet, 2) !== 0) {
    invalidField(drive)
    return
  }
  const allocated = Math.min(short(packet, 7), 512)
  drive.buffer.fill(0, 0, allocated)
  const current = !drive.ready ? 0 : drive.sectors > mostOfCd ? profiles.dvd : profiles.cd
  const list = [profiles.dvd, profiles.cd].flatMap((profile) => [0, profile, Number(profile === current), 0])
  const features = [0, 0, 0x03, list.length, ...list]
  answer(drive, [0, 0, 0, 4 + features.length, 0, 0, 0, current, ...features], allocated)
}

function getEventStatus(drive: PacketDrive, packet: Uint8Array): void {
  const polled = (packet[1]! & 1) !== 0
  if (!polled) {
    invalidField(drive)
    return
  }
  const wanted = (packet[4]! & (1 << mediaEvents)) !== 0
  const header = [0, wanted ? 4 : 0, wanted ? mediaEvents : noEvents, 1 << mediaEvents]
  answer(drive, wanted ? [...header, nextEvent(drive), trayStatus(drive), 0, 0] : header, short(packet, 7))
}

const trayStatus = (drive: PacketDrive): number => (drive.trayOpen ? 1 : drive.hasMedium ? 2 : 0)

/** Each event once, and none while the tray is open: 0 for none, 1 for a press of the eject button, 2 for a new medium. */
function nextEvent(drive: PacketDrive): number {
  if (drive.trayOpen) return 0
  if (drive.newMedium) {
    drive.newMedium = false
    return 2
  }
  const event = drive.ejectRequested ? 1 : 0
  drive.ejectRequested = false
  return event
}

/** One complete session of one track, and nothing can be added. */
function readDiscInformation(drive: PacketDrive, packet: Uint8Array): void {
  const blue = (packet[1]! & 7) !== 0
  if (blue) {
    invalidField(drive)
    return
  }
  const bytes = new Uint8Array(34)
  bytes.set([0, 32, 0x0e, 1, 1, 1, 1, 0x20])
  answer(drive, bytes, short(packet, 7))
}

/** The values as they are now; which could be changed, and what they were in the beginning, it does not know. */
function modeSense(drive: PacketDrive, packet: Uint8Array): void {
  const [control, code, allocated] = [packet[2]! >> 6, packet[2]! & 0x3f, short(packet, 7)]
  if (control === 3) {
    drive.fail(sense.illegalRequest, additional.savingNotSupported)
    return
  }
  const length = control === 0 ? pageLengths.get(code) : undefined
  if (length === undefined) {
    invalidField(drive)
    return
  }
  // The buffer keeps what was in it where a page says nothing: QEMU's does, and volume is such a place.
  drive.buffer.set([0, length - 2, mediumType, 0, 0, 0, 0, 0, code, length - 10])
  if (code === modePage.errors) {
    drive.buffer.set([0, 0x05, 0, 0, 0, 0], 10)
  } else if (code === modePage.audio) {
    for (const channel of [17, 19, 21, 23]) drive.buffer[channel] = 0
  } else {
    const rate = [speed >> 8, speed & 0xff]
    drive.buffer.set([0x3b, 0, 0x71, 0x60, 0x29 | (drive.locked ? 2 : 0), 0, ...rate, 0, 2, 2, 0, ...rate], 10)
    drive.buffer.fill(0, 24, 30)
  }
  drive.reply(length, allocated)
}

/** With the header of 8 bytes. */
const pageLengths: ReadonlyMap<number, number> = new Map([
  [modePage.errors, 16],
  [modePage.audio, 24],
  [modePage.capabilities, 30],
])

function readDvdStructure(drive: PacketDrive, packet: Uint8Array): void {
  const [media, format, allocated] = [packet[1]!, packet[7]!, short(packet, 8)]
  const layer = allocated > 6 ? 0 : packet[6]! // QEMU's drive has cleared its packet by then, as far as there is place
  if (format !== 0xff && drive.sectors <= mostOfCd) {
    drive.fail(sense.illegalRequest, additional.incompatibleFormat)
    return
  }
  const bytes = media === 0 ? dvdStructure(format, layer, drive.discSectors) : undefined
  if (bytes === undefined) invalidField(drive)
  else answer(drive, bytes, allocated)
}

function mechanismStatus(drive: PacketDrive, packet: Uint8Array): void {
  answer(drive, [0, 0, 0, 0, 0, 1, 0, 0], short(packet, 8))
}
