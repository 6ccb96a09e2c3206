import type { Board } from '../board.ts'
import { BoardError } from '../board-error.ts'
import { pageBytes, type RamPages } from './ram-pages.ts'

/*
 * A board in a file: 'vmon board', a version, the length of the device state and the state; then RAM in pieces, each with
 * the number of its pages, their addresses and their contents; the end is a piece that begins at the end of RAM.
 * Numbers are 32 bits wide, little-endian.
 */
const magic = Buffer.from('vmon board\n\0')
const version = 1
/** RAM goes piece by piece, so that a large guest needs no second copy of it. */
const pieceBytes = 8 << 20
/** No device state is larger: video memory is most of it. */
const deviceLimit = 256 << 20

/** Takes bytes, and settles when there is room for more. */
export type Write = (bytes: Uint8Array) => Promise<void>
/** Gives exactly so many bytes, fewer only at the end. */
export type Read = (length: number) => Promise<Uint8Array>

/**
 * Saves the whole of a board that stands still: devices and RAM, not the media.
 *
 * @throws {BoardError} kind `unavailable`, if the board runs
 */
export async function saveBoard(board: Board, write: Write): Promise<void> {
  const devices = await board.saveDevices()
  await write(Buffer.concat([magic, numbers(version, devices.length)]))
  await write(devices)
  for (let address = 0; address < board.ramBytes; address += pieceBytes) {
    const pages = await board.readPages(address, pieceLength(board, address))
    if (pages.addresses.length === 0) continue
    await write(numbers(address, pages.addresses.length, ...pages.addresses))
    await write(pages.bytes)
  }
  await write(numbers(board.ramBytes, 0))
}

/** Whether what gives these bytes begins as a saved board does. */
export async function isSavedBoard(read: Read): Promise<boolean> {
  return magic.equals(await read(magic.length))
}

/**
 * Makes a board, which must stand still and be like the saved one, continue where that one stood.
 *
 * @throws {BoardError} kind `state`, if what is read is not the state of such a board, or ends too early: the board then
 *   needs a reset
 * @throws {BoardError} kind `unavailable`, if the board runs
 */
export async function restoreBoard(board: Board, read: Read): Promise<void> {
  const exactly = async (length: number): Promise<Buffer> => {
    const bytes = await read(length)
    if (bytes.length < length) throw new BoardError('state', 'the saved board ends too early')
    return Buffer.from(bytes.buffer, bytes.byteOffset, length)
  }
  if (!(await exactly(magic.length)).equals(magic)) throw new BoardError('state', 'this is not a saved board')
  const found = (await exactly(4)).readUInt32LE()
  if (found !== version) throw new BoardError('state', `the saved board has version ${found}, known is ${version}`)
  const length = (await exactly(4)).readUInt32LE()
  if (length > deviceLimit) throw new BoardError('state', 'this is not a saved board')
  await board.restoreDevices(await exactly(length))
  for (let next = 0; next < board.ramBytes; ) {
    const address = (await exactly(4)).readUInt32LE()
    const count = (await exactly(4)).readUInt32LE()
    const misplaced =
      address < next || address > board.ramBytes || (address < board.ramBytes && address % pieceBytes !== 0)
    if (misplaced || count > pieceBytes / pageBytes) throw new BoardError('state', 'this is not a saved board')
    while (next < address) next = await place(board, next, none)
    if (address === board.ramBytes) return
    const list = await exactly(4 * count)
    const addresses = Uint32Array.from({ length: count }, (_, index) => list.readUInt32LE(4 * index))
    next = await place(board, address, { addresses, bytes: await exactly(count * pageBytes) })
  }
  await exactly(8) // the end
}

const none: RamPages = { addresses: new Uint32Array(0), bytes: new Uint8Array(0) }

/** Writes a piece of RAM; returns where the next one begins. */
async function place(board: Board, address: number, pages: RamPages): Promise<number> {
  const length = pieceLength(board, address)
  await board.writePages(address, length, pages)
  return address + length
}

function pieceLength({ ramBytes }: Board, address: number): number {
  return Math.min(pieceBytes, ramBytes - address)
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 4 * index)
  return bytes
}
