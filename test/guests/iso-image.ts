/** Bytes of a sector, which is also the unit of all places. */
const sectorBytes = 2048
/** Where the root directory and the files are: behind the volume descriptors, which begin at 16, and the path tables. */
const places = { descriptor: 16, end: 17, pathTables: [18, 19], root: 20, files: 21 } as const

/**
 * A CD with some files in its root directory.
 *
 * @param files - contents by names in capital letters, as `NAME.TXT`; the directory must fit into one sector
 * @see ECMA-119
 */
export function isoImage(label: string, files: Readonly<Record<string, string>>): Uint8Array {
  const contents = Object.entries(files).map(([name, text]) => ({ name, data: Buffer.from(text) }))
  const image = new Uint8Array((places.files + contents.length) * sectorBytes)
  const at = (sector: number): Uint8Array => image.subarray(sector * sectorBytes, (sector + 1) * sectorBytes)
  let end = 0
  const enter = (record: Uint8Array): void => {
    at(places.root).set(record, end)
    end += record.length
  }
  for (const self of ['\0', '\x01']) enter(directoryRecord(self, places.root, sectorBytes, true))
  for (const [index, { name, data }] of contents.entries()) {
    at(places.files + index).set(data)
    enter(directoryRecord(`${name};1`, places.files + index, data.length, false))
  }
  writeDescriptor(at(places.descriptor), label, image.length / sectorBytes)
  at(places.end).set(Buffer.from('\xffCD001\x01', 'latin1'))
  for (const [index, sector] of places.pathTables.entries()) writePathTable(at(sector), index === 0)
  return image
}

function writeDescriptor(sector: Uint8Array, label: string, sectors: number): void {
  sector.set(Buffer.from('\x01CD001\x01\0', 'latin1'))
  sector.fill(0x20, 8, 72)
  sector.set(Buffer.from(label), 40)
  setBoth32(sector, 80, sectors)
  setBoth16(sector, 120, 1)
  setBoth16(sector, 124, 1)
  setBoth16(sector, 128, sectorBytes)
  setBoth32(sector, 132, 10)
  new DataView(sector.buffer, sector.byteOffset).setUint32(140, places.pathTables[0], true)
  new DataView(sector.buffer, sector.byteOffset).setUint32(148, places.pathTables[1])
  sector.set(directoryRecord('\0', places.root, sectorBytes, true), 156)
  sector.fill(0x20, 190, 813)
  sector[881] = 1
}

/** The only entry of the path tables: the root. */
function writePathTable(sector: Uint8Array, littleEndian: boolean): void {
  const view = new DataView(sector.buffer, sector.byteOffset)
  view.setUint8(0, 1)
  view.setUint32(2, places.root, littleEndian)
  view.setUint16(6, 1, littleEndian)
}

function directoryRecord(name: string, sector: number, bytes: number, directory: boolean): Uint8Array {
  const record = new Uint8Array((33 + name.length + 1) & ~1)
  record[0] = record.length
  setBoth32(record, 2, sector)
  setBoth32(record, 10, bytes)
  record.set([126, 1, 1], 18) // the first of January 2026
  record[25] = directory ? 2 : 0
  setBoth16(record, 28, 1)
  record[32] = name.length
  record.set(Buffer.from(name, 'latin1'), 33)
  return record
}

/** Numbers stand in both byte orders, one behind the other. */
function setBoth32(bytes: Uint8Array, at: number, value: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setUint32(at, value, true)
  view.setUint32(at + 4, value)
}

function setBoth16(bytes: Uint8Array, at: number, value: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setUint16(at, value, true)
  view.setUint16(at + 2, value)
}
