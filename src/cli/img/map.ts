import { type ChainStatus, chainStatus } from '../../block/index.ts'
import { Arguments } from './arguments.ts'
import type { Output } from './img.ts'
import { ImgError, UsageError } from './img-error.ts'
import { readNumber } from './numbers.ts'
import { graphFor, openImage } from './open.ts'
import { readOutputFormat } from './output-format.ts'

const printedAtOnce = 65536

/** `vmon img map`: says where an image keeps what. */
export async function map(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(
    argv,
    'f:format= output= s:start-offset= l:max-length= object= image-opts U:force-share',
    'map',
  )
  const limits = [args.value('s'), args.value('l')].map((text, index) =>
    text === undefined ? undefined : readNumber(index === 0 ? 'start offset' : 'max length', text),
  )
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting one image file name')
  const format = readOutputFormat(args.value('output'))
  await using graph = graphFor(args, output)
  await using image = await openImage(graph, filename, {
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    forceShare: args.has('U'),
  })
  const start = limits[0] ?? 0
  const end = Math.min(image.node.length, limits[1] === undefined ? image.node.length : start + limits[1])
  const listing = new Listing(format, output)
  let current: Entry = { ...nothing, start, length: 0 }
  for (let at = start; at < end; ) {
    const entry = entryOf(await chainStatus(image.node, at, end - at), at)
    at += entry.length
    if (current.length > 0 && joins(current, entry)) {
      current.length += entry.length
      continue
    }
    if (current.length > 0) listing.add(current)
    current = entry
  }
  listing.end(current)
  return 0
}

/** Prints entries, many at once. */
class Listing {
  readonly #format: 'human' | 'json'
  readonly #output: Output
  #text = ''

  constructor(format: 'human' | 'json', output: Output) {
    this.#format = format
    this.#output = output
    output.out(format === 'human' ? `${row('Offset', 'Length', 'Mapped to')}File\n` : '[')
  }

  add(entry: Entry): void {
    this.#text += this.#format === 'human' ? humanLine(entry) : jsonLine(entry, false)
    if (this.#text.length >= printedAtOnce) this.#print()
  }

  end(last: Entry): void {
    this.#text += this.#format === 'human' ? humanLine(last) : jsonLine(last, true)
    this.#print()
  }

  #print(): void {
    this.#output.out(this.#text)
    this.#text = ''
  }
}

/** A stretch of the image of which one thing is true. */
interface Entry {
  readonly start: number
  length: number
  readonly depth: number
  readonly present: boolean
  readonly zero: boolean
  readonly data: boolean
  readonly offset: number | undefined
  readonly filename: string | undefined
}

const nothing = { depth: 0, present: false, zero: false, data: false, offset: undefined, filename: undefined }

function entryOf({ node, length, depth, allocated, zero, data, offset, in: within }: ChainStatus, at: number): Entry {
  // Neither read nor known to be zero: what a server says to be dirty where it is asked for a bitmap.
  if (!zero && !data) return { ...nothing, start: at, length, depth }
  const storage = within ?? node.child('data-file') ?? node.child('file') ?? node
  const filename = offset === undefined ? undefined : storage.filename
  return { start: at, length, depth, present: allocated, zero, data, offset, filename }
}

function joins(one: Entry, other: Entry): boolean {
  const same =
    one.zero === other.zero &&
    one.data === other.data &&
    one.present === other.present &&
    one.depth === other.depth &&
    one.filename === other.filename
  if (!same || (one.offset === undefined) !== (other.offset === undefined)) return false
  return one.offset === undefined || one.offset + one.length === other.offset
}

/** People are shown data alone. @throws {ImgError} if it has no place that could be shown */
function humanLine({ start, length, zero, data, offset, filename }: Entry): string {
  if (data && offset === undefined) throw new ImgError('File contains external, encrypted or compressed clusters.')
  return data && !zero ? `${row(hex(start), hex(length), hex(offset ?? 0))}${filename ?? ''}\n` : ''
}

function row(...cells: string[]): string {
  return cells.map((cell) => cell.padEnd(16)).join('')
}

function hex(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16)}`
}

function jsonLine({ start, length, depth, present, zero, data, offset }: Entry, last: boolean): string {
  const place = offset === undefined ? '' : `, "offset": ${offset}`
  return (
    `{ "start": ${start}, "length": ${length}, "depth": ${depth}, "present": ${present}, "zero": ${zero}, ` +
    `"data": ${data}${place}}${last ? ']' : ','}\n`
  )
}
