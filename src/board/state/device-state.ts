import { BoardError } from '../board-error.ts'
import { type BoardShape, requireShape } from './board-shape.ts'
import { pageBytes, pagesFit, placePages, type RamPages, takePages } from './ram-pages.ts'

/** Begins every device state; the number behind it is the version of what follows. */
const magic = 'vmon-devices'
const version = 2
const headerLimit = 16 << 20
/** Neither an emulator's state nor video memory is larger. */
const partLimit = 256 << 20

/** Bytes of which most pages are zeros: the others follow the header. */
interface Part {
  readonly length: number
  readonly pages: readonly number[]
}

interface Header {
  readonly magic: unknown
  readonly version: unknown
  readonly shape: BoardShape
  readonly own: unknown
  readonly emulator: Part
  readonly video: Part
}

/**
 * Puts a device state together: a header (JSON) that says what it is, with what our own devices have to say, then the
 * emulator's bytes and video memory, of each only the pages that are not zeros.
 */
export function packDevices(
  shape: BoardShape,
  own: unknown,
  emulator: Uint8Array,
  video: Uint8Array = none,
): Uint8Array {
  const parts = [partOf(emulator), partOf(video)] as const
  const [first, second] = parts.map(({ part }) => part)
  const header = Buffer.from(JSON.stringify({ magic, version, shape, own, emulator: first, video: second }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.length)
  return Buffer.concat([length, header, ...parts.flatMap(({ bytes }) => bytes)])
}

const none = new Uint8Array(0)

/** What the header says of a part, and its pages. */
function partOf(bytes: Uint8Array): { part: Part; bytes: Uint8Array[] } {
  const whole = bytes.length - (bytes.length % pageBytes)
  const last = new Uint8Array(whole < bytes.length ? pageBytes : 0)
  last.set(bytes.subarray(whole))
  const [body, tail] = [takePages(bytes.subarray(0, whole), 0), takePages(last, whole)]
  const pages = [...body.addresses, ...tail.addresses]
  return { part: { length: bytes.length, pages }, bytes: [body.bytes, tail.bytes] }
}

/**
 * Takes a device state apart.
 *
 * @param videoBytes how much video memory the board has
 * @throws {BoardError} kind `state`, if it is none, of another version, or of another board than this one
 */
export function unpackDevices(
  shape: BoardShape,
  state: Uint8Array,
  videoBytes = 0,
): { own: unknown; emulator: Uint8Array; video: RamPages } {
  const headerBytes = state.length < 4 ? 0 : new DataView(state.buffer, state.byteOffset).getUint32(0, true)
  if (headerBytes === 0 || headerBytes > Math.min(headerLimit, state.length - 4)) throw noState()
  let header: Partial<Header>
  try {
    header = JSON.parse(Buffer.from(state.subarray(4, 4 + headerBytes)).toString())
  } catch (cause) {
    throw noState({ cause })
  }
  if (header?.magic !== magic) throw noState()
  if (header.version !== version) {
    throw new BoardError('state', `the state has version ${header.version}, this board knows version ${version}`)
  }
  requireShape(shape, header.shape ?? {})
  const emulator = pagesOf(header.emulator, state, 4 + headerBytes)
  const video = pagesOf(header.video, state, 4 + headerBytes + emulator.bytes.length)
  const end = 4 + headerBytes + emulator.bytes.length + video.bytes.length
  if (end !== state.length || header.video!.length !== videoBytes) throw noState()
  return { own: header.own, emulator: wholeOf(emulator, header.emulator!.length), video }
}

/** The pages of a part, which begin somewhere in the state. */
function pagesOf(part: Partial<Part> | undefined, state: Uint8Array, start: number): RamPages {
  const { length = -1, pages } = part ?? {}
  if (!(Number.isInteger(length) && length >= 0 && length <= partLimit && Array.isArray(pages))) throw noState()
  const found = { addresses: Uint32Array.from(pages), bytes: state.subarray(start, start + pages.length * pageBytes) }
  if (!pagesFit(found, 0, wholePages(length))) throw noState()
  return found
}

/** @returns all of an array buffer */
function wholeOf(pages: RamPages, length: number): Uint8Array {
  const bytes = new Uint8Array(wholePages(length)) // zeros where nothing is set: those are not touched
  placePages(bytes, 0, pages, 0)
  return length === bytes.length ? bytes : bytes.slice(0, length)
}

function wholePages(length: number): number {
  return Math.ceil(length / pageBytes) * pageBytes
}

function noState(options: ErrorOptions = {}): BoardError {
  return new BoardError('state', 'this is not the state of a board', options)
}
