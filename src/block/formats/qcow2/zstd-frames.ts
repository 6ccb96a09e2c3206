import { viewOf } from './big-endian.ts'

/** One frame of zstd data (RFC 8878, section 3.1.1). */
export interface ZstdFrame {
  /** With its checksum, if it has one. */
  readonly bytes: Uint8Array
  /** What it says that it unpacks to; undefined, if it does not say. */
  readonly contentSize: number | undefined
  readonly blocks: number
}

const magic = 0xfd2fb528
/** The last four bits are free. */
const skippableMagic = 0x184d2a50
/** libzstd looks no further back, unless it is asked to. */
const largestWindow = 2 ** 27 + 1
const largestBlock = 2 ** 17
const blockTypes = { rle: 1, reserved: 3 } as const

/**
 * The frames that follow each other, each cut out: what decoders make of bytes behind the last one differs, and behind a
 * cluster of a qcow2 image there are those of the next one. Who has enough stops to ask.
 *
 * @param window - bytes that suffice to look back: a frame that wants more memory for it is changed to want so much
 * @throws {RangeError} if no frame begins there, or it is not whole, or one that libzstd refuses
 */
export function* zstdFrames(bytes: Uint8Array, window: number): Generator<ZstdFrame> {
  const view = viewOf(bytes)
  for (let at = 0; ; ) {
    const kind = view.getUint32(at, true)
    if (kind >>> 4 === skippableMagic >>> 4) at += 8 + view.getUint32(at + 4, true)
    else if (kind === magic) {
      const frame = frameAt(view, at, window)
      yield frame
      at += frame.bytes.byteLength
    } else throw new RangeError('no zstd frame')
  }
}

function frameAt(view: DataView, start: number, window: number): ZstdFrame {
  const flags = view.getUint8(start + 4)
  const singleSegment = (flags & 0x20) !== 0
  if ((flags & 8) !== 0) throw new RangeError('reserved bit of a zstd frame')
  let at = start + 5
  let windowSize = singleSegment ? 0 : readWindow(view, at, window)
  if (!singleSegment) at++
  const idLength = [0, 1, 2, 4][flags & 3]!
  for (let index = 0; index < idLength; index++) {
    if (view.getUint8(at++) !== 0) throw new RangeError('zstd frame with a dictionary')
  }
  const sizeLength = [singleSegment ? 1 : 0, 2, 4, 8][flags >> 6]!
  const contentSize = readContentSize(view, at, sizeLength)
  at += sizeLength
  if (singleSegment) windowSize = contentSize!
  if (windowSize > largestWindow) throw new RangeError('zstd frame with too large a window')
  let blocks = 0
  for (let last = false; !last; blocks++) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    last = (header & 1) === 1
    const [type, size] = [(header >> 1) & 3, header >> 3]
    if (type === blockTypes.reserved || size > Math.min(largestBlock, windowSize)) throw new RangeError('zstd block')
    at += 3 + (type === blockTypes.rle ? 1 : size)
  }
  if ((flags & 4) !== 0) at += 4
  if (at > view.byteLength) throw new RangeError('zstd frame that is cut off')
  return { bytes: new Uint8Array(view.buffer, view.byteOffset + start, at - start), contentSize, blocks }
}

/** An exponent and eighths; made smaller in place where less suffices. */
function readWindow(view: DataView, at: number, enough: number): number {
  const descriptor = view.getUint8(at)
  const base = 2 ** (10 + (descriptor >> 3))
  const size = base + (base / 8) * (descriptor & 7)
  const exponent = Math.max(Math.log2(largestBlock), Math.ceil(Math.log2(enough)))
  if (size > 2 ** exponent && size <= largestWindow) view.setUint8(at, (exponent - 10) << 3)
  return size
}

function readContentSize(view: DataView, at: number, length: number): number | undefined {
  if (length === 0) return undefined
  if (length === 1) return view.getUint8(at)
  if (length === 2) return view.getUint16(at, true) + 256
  return length === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true))
}
