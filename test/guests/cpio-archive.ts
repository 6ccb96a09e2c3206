/** A file in a cpio archive of the kind that Linux unpacks as its first file system ("newc"). */
export interface CpioEntry {
  readonly name: string
  /** Kind and permissions, as in `stat`. */
  readonly mode: number
  readonly links: number
  /** Number of the device that a device file stands for. */
  readonly device: readonly [major: number, minor: number]
  readonly data: Uint8Array
}

const magic = '070701'
const headerBytes = 110
const fieldBytes = 8
const endName = 'TRAILER!!!'
const aligned = (length: number): number => (length + 3) & ~3

/** The entries of an archive. @throws {Error} if it is no such archive */
export function* readCpio(archive: Uint8Array): Generator<CpioEntry> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.length)
  for (let at = 0; ; ) {
    if (bytes.toString('latin1', at, at + magic.length) !== magic) throw new Error(`no cpio header at ${at}`)
    const field = (index: number): number => {
      const start = at + magic.length + index * fieldBytes
      return Number.parseInt(bytes.toString('latin1', start, start + fieldBytes), 16)
    }
    const [size, nameBytes] = [field(6), field(11)]
    const name = bytes.toString('latin1', at + headerBytes, at + headerBytes + nameBytes - 1)
    if (name === endName) return
    const data = at + aligned(headerBytes + nameBytes)
    yield {
      name,
      mode: field(1),
      links: field(4),
      device: [field(9), field(10)],
      data: bytes.subarray(data, data + size),
    }
    at = data + aligned(size)
  }
}

/** Puts an archive together. */
export function writeCpio(entries: Iterable<CpioEntry>): Uint8Array {
  const pieces: Uint8Array[] = []
  const add = ({ name, mode, links, device, data }: CpioEntry, inode: number): void => {
    const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, ...device, name.length + 1, 0]
    const head = magic + fields.map((value) => value.toString(16).padStart(fieldBytes, '0')).join('') + name
    const padded = Buffer.alloc(aligned(headerBytes + name.length + 1))
    padded.write(head, 'latin1')
    pieces.push(padded, data, Buffer.alloc(aligned(data.length) - data.length))
  }
  let inode = 1
  for (const entry of entries) add(entry, inode++)
  add({ name: endName, mode: 0, links: 1, device: [0, 0], data: new Uint8Array(0) }, 0)
  return Buffer.concat(pieces)
}
