import { BoardError } from '../board-error.ts'
import { type BoardShape, requireShape } from './board-shape.ts'
import { pageBytes, pagesFit, takePages } from './ram-pages.ts'

/** Begins every device state; the number behind it is the version of what follows. */
const magic = 'vmon-devices'
const version = 1
const headerLimit = 16 << 20
/** No emulator's state is larger. */
const emulatorLimit = 256 << 20

interface Header {
  readonly magic: unknown
  readonly version: unknown
  readonly shape: BoardShape
  readonly own: unknown
  readonly length: number
  readonly pages: readonly number[]
}

/**
 * Puts a device state together: a header (JSON) that says what it is, with what our own devices have to say, and the
 * emulator's bytes, of which video memory is most: only the pages that are not zeros.
 */
export function packDevices(shape: BoardShape, own: unknown, emulator: Uint8Array): Uint8Array {
  const whole = emulator.length - (emulator.length % pageBytes)
  const last = new Uint8Array(whole < emulator.length ? pageBytes : 0)
  last.set(emulator.subarray(whole))
  const [body, tail] = [takePages(emulator.subarray(0, whole), 0), takePages(last, whole)]
  const pages = [...body.addresses, ...tail.addresses]
  const header = Buffer.from(JSON.stringify({ magic, version, shape, own, length: emulator.length, pages }))
  const state = new Uint8Array(4 + header.length + body.bytes.length + tail.bytes.length)
  new DataView(state.buffer).setUint32(0, header.length, true)
  state.set(header, 4)
  state.set(body.bytes, 4 + header.length)
  state.set(tail.bytes, 4 + header.length + body.bytes.length)
  return state
}

/**
 * Takes a device state apart.
 *
 * @throws {BoardError} kind `state`, if it is none, of another version, or of another board than this one
 */
export function unpackDevices(shape: BoardShape, state: Uint8Array): { own: unknown; emulator: Uint8Array } {
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
  return { own: header.own, emulator: emulatorBytes(header, state.subarray(4 + headerBytes)) }
}

/** @returns all of an array buffer */
function emulatorBytes({ length = 0, pages = [] }: Partial<Header>, bytes: Uint8Array): Uint8Array {
  const sensible = Number.isInteger(length) && length >= 0 && length <= emulatorLimit && Array.isArray(pages)
  const found = { addresses: Uint32Array.from(sensible ? pages : []), bytes }
  if (!sensible || !pagesFit(found, 0, Math.ceil(length / pageBytes) * pageBytes)) throw noState()
  const emulator = new Uint8Array(length) // zeros where nothing is set: those are not touched
  for (const [index, page] of found.addresses.entries()) {
    const start = index * pageBytes
    emulator.set(bytes.subarray(start, start + Math.min(pageBytes, length - page)), page)
  }
  return emulator
}

function noState(options: ErrorOptions = {}): BoardError {
  return new BoardError('state', 'this is not the state of a board', options)
}
