import type { MigrationStatistics } from '../statistics.ts'
import type { WriteBytes } from '../stream/framing.ts'
import { MachineWriter, piecesOf, portionsOf } from '../stream/machine-writer.ts'
import { pageBytes } from '../stream/ram-section.ts'
import type { MigratedBoard } from '../surroundings.ts'

export interface MachineTarget {
  readonly write: WriteBytes
  readonly statistics: MigrationStatistics
  /** Counts a pass over RAM that begins, and tells of it. */
  readonly beginPass: () => void
  /** In which the machine was before it was stopped for this. */
  readonly runState: string
}

/** Pages of a section. */
const most = (): number => 256

/** Writes a machine that stands still: RAM once, but for pages of zeros, and the devices. @throws what `write` throws */
export async function writeMachine(board: MigratedBoard, target: MachineTarget): Promise<void> {
  const { statistics, beginPass, runState } = target
  const writer = new MachineWriter(target.write, statistics)
  await writer.begin({ board: board.kind, ramBytes: board.ramBytes, answers: false })
  statistics.setUp()
  statistics.stopped()
  beginPass()
  // What disks still bring into RAM is there when the devices have been saved.
  const devices = await board.saveDevices()
  let sent = 0
  for (const [address, length] of piecesOf(board.ramBytes)) {
    const pages = await board.readPages(address, length)
    sent += pages.addresses.length
    for (const some of portionsOf(pages, most)) await writer.pages(some)
  }
  statistics.zeroPages += statistics.totalBytes / pageBytes - sent
  beginPass() // what has changed meanwhile: nothing
  await writer.end(devices, runState)
  statistics.completed()
}
