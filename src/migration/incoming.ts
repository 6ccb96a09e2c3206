import { pause } from '../async/index.ts'
import type { BitmapsThatCome } from './bitmaps-that-come.ts'
import type { Channel } from './channels/channel.ts'
import { ConnectionsThatCome } from './connections-that-come.ts'
import { DisksThatCome } from './disks-that-come.ts'
import { MigrationError } from './migration-error.ts'
import { SectionReader, SectionWriter } from './stream/framing.ts'
import { checkDescription, parseObject } from './stream/machine-section.ts'
import { applyDifference } from './stream/page-difference.ts'
import { pageBytes, unpackPages } from './stream/ram-section.ts'
import type { MigrationSurroundings } from './surroundings.ts'

/** How long a source has for hearing why it is refused, in milliseconds. */
const patience = 2000

/** How much of RAM is cleared at once. */
const pieceBytes = 8 << 20

/**
 * Takes a machine from a stream, whole; it does not run yet.
 *
 * @returns in which run state it was at the other side
 * @throws {MigrationError | BoardError} if the stream is none, torn, or of another machine; the source has been told then,
 *   if it listens
 */
export async function takeMachine(
  channel: Channel,
  {
    board,
    disks,
    uuid,
    bitmaps,
    connections,
  }: Pick<MigrationSurroundings, 'board' | 'disks' | 'uuid' | 'connections'> & ReadingBitmaps,
): Promise<string> {
  const answer = async (name: string, text: string): Promise<void> => {
    if (channel.answers)
      await new SectionWriter(channel.write).section({ name, version: 1, contents: Buffer.from(text) })
  }
  await using arriving = new DisksThatCome(disks)
  using coming = new ConnectionsThatCome(connections, channel)
  try {
    const { state, waits } = await readMachine(new SectionReader(channel.read), {
      board,
      uuid,
      disks: arriving,
      bitmaps,
      connections: coming,
    })
    await arriving.flush()
    bitmaps?.finish()
    await disks.takeBack()
    if (waits) {
      await answer('loaded', String(coming.received))
      const word = await new SectionReader(channel.read).next()
      if (word?.name !== 'run') throw new MigrationError('peer', 'the source has kept the machine')
    }
    coming.join()
    return state
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const heard = new AbortController()
    const told = answer('refused', text).then(() => hangUp(channel))
    await Promise.race([told, pause(patience, heard.signal)]).catch(() => undefined) // it may be gone
    heard.abort() // nothing of the stream is kept any longer than that
    throw error
  }
}

/** Lets the source read what has been said: whoever still sends to nobody may lose what it has not read. */
async function hangUp(channel: Channel): Promise<void> {
  if (channel.answers) while ((await channel.read(pieceBytes)).length === pieceBytes);
  await channel.finish()
}

/** Where dirty bitmaps can come in the stream. */
export interface ReadingBitmaps {
  readonly bitmaps?: BitmapsThatCome | undefined
}

/** Into what a machine is read. */
export interface ReadingMachine extends ReadingBitmaps {
  readonly board: MigrationSurroundings['board']
  readonly uuid?: string | undefined
  /** Undefined where disks do not come in the stream. */
  readonly disks?: DisksThatCome
  /** Undefined where the guest's connections stay what they are. */
  readonly connections?: ConnectionsThatCome
}

/**
 * Reads a machine into a board that stands still.
 *
 * @returns in which run state it was, and whether the source waits to be told that everything is there
 * @throws {MigrationError | BoardError} as `takeMachine()`
 */
export async function readMachine(
  reader: SectionReader,
  { board, uuid, disks, bitmaps, connections }: ReadingMachine,
): Promise<{ readonly state: string; readonly waits: boolean }> {
  await reader.begin()
  const first = await reader.next()
  if (first?.name !== 'machine' || first.version !== 1)
    throw new MigrationError('stream', 'the stream does not say which machine it is of')
  const waits = checkDescription(first.contents, {
    board: board.kind,
    ramBytes: board.ramBytes,
    ...(uuid !== undefined && { uuid }),
  })
  await clear(board)
  let devices: Uint8Array | undefined
  let state: string | undefined
  for (let section = await reader.next(); section !== undefined; section = await reader.next()) {
    const { name, version, contents, optional } = section
    if (version !== 1 && optional !== true)
      throw new MigrationError('stream', `the stream has section '${name}' in version ${version}, known is version 1`)
    switch (name) {
      case 'ram':
        await takePages(contents, board)
        break
      case 'devices':
        devices = contents
        break
      case 'run-state':
        state = String(parseObject(contents)['state'])
        break
      default:
        if (bitmaps?.take(section) === true || connections?.take(section) === true || (await disks?.take(section)))
          break
        if (optional !== true)
          throw new MigrationError('stream', `the stream has section '${name}', which is unknown here`)
    }
  }
  if (devices === undefined || state === undefined) throw new MigrationError('stream', 'the stream lacks a section')
  await board.restoreDevices(devices)
  return { state, waits }
}

async function takePages(contents: Uint8Array, board: MigrationSurroundings['board']): Promise<void> {
  const { pages, differences } = unpackPages(contents, board.ramBytes)
  await board.overwritePages(pages)
  for (const { address, packed } of differences) {
    const { bytes } = await board.readPages(address, pageBytes)
    const page = bytes.length === 0 ? new Uint8Array(pageBytes) : bytes
    applyDifference(page, packed)
    await board.overwritePages({ addresses: Uint32Array.of(address), bytes: page })
  }
}

/** Makes RAM zeros: only pages that hold anything else are in the stream. */
async function clear(board: MigrationSurroundings['board']): Promise<void> {
  const none = { addresses: new Uint32Array(0), bytes: new Uint8Array(0) }
  for (let address = 0; address < board.ramBytes; address += pieceBytes)
    await board.writePages(address, Math.min(pieceBytes, board.ramBytes - address), none)
}
