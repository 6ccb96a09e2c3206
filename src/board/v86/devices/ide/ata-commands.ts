import type { AtaDisk } from './ata-disk.ts'
import { mostMultiple } from './ide-constants.ts'
import type { IdeDrive } from './ide-drive.ts'
import { dmaModes, enabledFeatures, enabledWith, identifyDisk } from './identify.ts'

/** Whether a command is over, and all that is left to do is to say so. */
export type Outcome = 'done' | 'goesOn'

interface AtaCommand {
  run(disk: AtaDisk, code: number): Outcome
  /** Whether the heads are said to be in place behind it. */
  readonly seeks: boolean
}

const extended: ReadonlySet<number> = new Set([0x24, 0x25, 0x27, 0x29, 0x34, 0x35, 0x39, 0x42])
const dataSetManagementTrim = 0x01

/** The commands of a hard disk, by their codes; all others are aborted. */
export const ataCommands: ReadonlyMap<number, AtaCommand> = new Map([
  ...seeking([0x10, 0x70], () => 'done'),
  ...plain([0x94, 0x95, 0x96, 0x97, 0x99, 0xe0, 0xe1, 0xe2, 0xe3, 0xe6], () => 'done'),
  ...plain([0x06], withDisk(trim)),
  ...plain([0x20, 0x21, 0x24], withDisk(counted((disk) => disk.readPieces(1)))),
  ...plain([0x29, 0xc4], withDisk(multiple(counted((disk) => disk.readPieces(disk.multiple))))),
  ...plain([0x30, 0x31, 0x34, 0x3c], withDisk(counted((disk) => disk.writePieces(1)))),
  ...plain([0x39, 0xc5], withDisk(multiple(counted((disk) => disk.writePieces(disk.multiple))))),
  ...plain([0x25, 0xc8, 0xc9], withDisk(counted((disk) => disk.startDma('read')))),
  ...plain([0x35, 0xca, 0xcb], withDisk(counted((disk) => disk.startDma('write')))),
  ...seeking([0x40, 0x41, 0x42], (disk, code) => {
    disk.takeCount(extended.has(code))
    return 'done'
  }),
  ...seeking([0x27, 0xf8], readNativeMax),
  ...plain([0x90], (disk) => {
    disk.diagnose()
    return 'goesOn'
  }),
  ...seeking([0x91], withDisk(divide)),
  ...seeking([0x98, 0xe5], ({ registers }) => {
    registers.count = 0xff // active or idle
    return 'done'
  }),
  ...seeking([0xb0], withDisk(smart)),
  ...seeking([0xc6], setMultiple),
  ...plain([0xe7, 0xea], (disk) => {
    disk.flush()
    return 'goesOn'
  }),
  ...plain([0xec], withDisk(identify)),
  ...seeking(
    [0xef],
    withDisk((disk) =>
      setFeatures(disk, (on) => {
        disk.writeCache = on
        if (!on) disk.flush()
      }),
    ),
  ),
  ...seeking([0xf5], ({ registers }) => {
    registers.count = 0
    return 'done'
  }),
])

function plain(codes: readonly number[], run: AtaCommand['run']): [number, AtaCommand][] {
  return codes.map((code) => [code, { run, seeks: false }])
}

function seeking(codes: readonly number[], run: AtaCommand['run']): [number, AtaCommand][] {
  return codes.map((code) => [code, { run, seeks: true }])
}

function refused(drive: IdeDrive): Outcome {
  drive.abort()
  return 'done'
}

function withDisk(run: AtaCommand['run']): AtaCommand['run'] {
  return (disk, code) => (disk.kind === 'disk' ? run(disk, code) : refused(disk))
}

/** A command for as many sectors as the registers say. */
function counted(begin: (disk: AtaDisk) => void): AtaCommand['run'] {
  return (disk, code) => {
    disk.takeCount(extended.has(code))
    begin(disk)
    return 'goesOn'
  }
}

function multiple(run: AtaCommand['run']): AtaCommand['run'] {
  return (disk, code) => (disk.multiple === 0 ? refused(disk) : run(disk, code))
}

function trim(disk: AtaDisk): Outcome {
  if (disk.registers.feature !== dataSetManagementTrim) return refused(disk)
  disk.startDma('trim')
  return 'goesOn'
}

function readNativeMax(disk: AtaDisk, code: number): Outcome {
  if (disk.sectors === 0) return refused(disk)
  disk.takeCount(extended.has(code))
  disk.address = disk.sectors - 1
  return 'done'
}

/** Initialises device parameters: sectors of a track, and the last head. */
function divide(disk: AtaDisk): Outcome {
  const { select, count } = disk.registers
  disk.divide((select & 0x0f) + 1, count)
  return 'done'
}

function smart(disk: AtaDisk): Outcome {
  const outcome = disk.smart.command(disk)
  if (outcome === 'answered') return 'goesOn'
  return outcome ? 'done' : refused(disk)
}

function setMultiple(disk: AtaDisk): Outcome {
  const { count } = disk.registers
  const low = count & 0xff // the rest is what a command before has left
  if (low !== 0 && (low > mostMultiple || (count & (count - 1)) !== 0)) return refused(disk)
  disk.multiple = low
  return 'done'
}

function identify(disk: AtaDisk): Outcome {
  if (!disk.identified) identifyDisk(disk, disk.writeCache)
  return answerIdentified(disk)
}

/** Answers with the words that have been made for IDENTIFY. */
export function answerIdentified(drive: IdeDrive): Outcome {
  drive.identified = true
  drive.answerSector((sector) => {
    const view = new DataView(sector.buffer, sector.byteOffset)
    for (const [index, word] of drive.identifyData.entries()) view.setUint16(2 * index, word, true)
  })
  return 'goesOn'
}

const accepted: ReadonlySet<number> = new Set([
  ...[0xcc, 0x66, 0xaa, 0x55, 0x05, 0x85, 0x69, 0x67, 0x96, 0x9a, 0x42, 0xc2],
])

/** SET FEATURES: the write cache and the mode of transfer have an effect, others are taken. */
export function setFeatures(drive: IdeDrive, writeCache: (on: boolean) => void): Outcome {
  const { feature, count } = drive.registers
  const { identifyData: words } = drive
  switch (feature) {
    case 0x02:
    case 0x82: {
      const on = feature === 0x02
      words[enabledFeatures] = enabledWith(on)
      writeCache(on)
      return on ? 'done' : 'goesOn'
    }
    case 0x03: {
      const chosen = 1 << ((count & 7) + 8)
      const kind = count >> 3
      if (kind !== 0 && kind !== 1 && kind !== 2 && kind !== 4 && kind !== 8) return refused(drive)
      words[dmaModes.singleWord] = 0x07 | (kind === 2 ? chosen : 0)
      words[dmaModes.multiWord] = 0x07 | (kind === 4 ? chosen : 0)
      words[dmaModes.ultra] = 0x3f | (kind === 8 ? chosen : 0)
      return 'done'
    }
    default:
      return accepted.has(feature) ? 'done' : refused(drive)
  }
}
