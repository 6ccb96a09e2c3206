import { emptyEntry, imageMap, type MapEntry } from '../../block/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError, UsageError } from '../program-error.ts'
import type { Output } from './img.ts'
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
  await using graph = await graphFor(args, output)
  await using image = await openImage(graph, filename, {
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    forceShare: args.has('U'),
  })
  const start = limits[0] ?? 0
  const end = Math.min(image.node.length, limits[1] === undefined ? image.node.length : start + limits[1])
  const listing = new Listing(format, output)
  let last: MapEntry | undefined
  for await (const entry of imageMap(image.node, { start, end })) {
    if (last !== undefined) listing.add(last)
    last = entry
  }
  listing.end(last ?? emptyEntry(start))
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

  add(entry: MapEntry): void {
    this.#text += this.#format === 'human' ? humanLine(entry) : jsonLine(entry, false)
    if (this.#text.length >= printedAtOnce) this.#print()
  }

  end(last: MapEntry): void {
    this.#text += this.#format === 'human' ? humanLine(last) : jsonLine(last, true)
    this.#print()
  }

  #print(): void {
    this.#output.out(this.#text)
    this.#text = ''
  }
}

/** People are shown data alone. @throws {ProgramError} if it has no place that could be shown */
function humanLine({ start, length, zero, data, offset, filename }: MapEntry): string {
  if (data && offset === undefined) throw new ProgramError('File contains external, encrypted or compressed clusters.')
  return data && !zero ? `${row(hex(start), hex(length), hex(offset ?? 0))}${filename ?? ''}\n` : ''
}

function row(...cells: string[]): string {
  return cells.map((cell) => cell.padEnd(16)).join('')
}

function hex(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16)}`
}

function jsonLine({ start, length, depth, present, zero, data, offset }: MapEntry, last: boolean): string {
  const place = offset === undefined ? '' : `, "offset": ${offset}`
  return (
    `{ "start": ${start}, "length": ${length}, "depth": ${depth}, "present": ${present}, "zero": ${zero}, ` +
    `"data": ${data}${place}}${last ? ']' : ','}\n`
  )
}
