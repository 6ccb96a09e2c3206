import { type AcpiHeader, acpiHeaderBytes, acpiTable, readAcpiHeader } from '../../board/index.ts'
import { reasonText, systemCode } from '../../errno/index.ts'
import { FileRefusal, readWholeFileNow } from '../../files/index.ts'
import { OptionError, type OptionList, parseUint64 } from '../../keyval/index.ts'

/** A table has a length of 16 bits in the list of those that the firmware is given. */
const largestTable = 0xffff
/** Files of more bytes are not read to say how much too large their table is. */
const largestFile = 1 << 24
const known = [
  ...['sig', 'rev', 'oem_id', 'oem_table_id', 'oem_rev', 'asl_compiler_id', 'asl_compiler_rev'],
  ...['file', 'data'],
]

/** What stands in a header of which nothing was said. */
const usualHeader: AcpiHeader = {
  signature: Buffer.from('QEMU'),
  revision: 1,
  oemId: Buffer.from('QEMUQE'),
  oemTableId: Buffer.from('QEMUQEMU'),
  oemRevision: 1,
  compilerId: Buffer.from('QEMU'),
  compilerRevision: 1,
}

/**
 * The table that `-acpitable` asks for: files one behind the other, with a header of their own (`file=`) or without one
 * (`data=`), of which what the option says takes the place.
 *
 * @param warn - hears of what is taken all the same
 * @throws {OptionError} in QEMU's words
 */
export function acpiTableOf(list: OptionList, warn: (text: string) => void): Uint8Array {
  const said = saidOf(list)
  const file = list.get('file')
  const data = list.get('data')
  if ((file === undefined) === (data === undefined))
    throw new OptionError("'-acpitable' requires one of 'data' or 'file'")
  const paths = (file ?? data)!.split(':')
  if (paths.length === 1 && paths[0] === '') throw new OptionError("'-acpitable' requires at least one pathname")
  const contents = Buffer.concat(paths.map(contentsOf))
  if (file !== undefined && contents.length < acpiHeaderBytes)
    throw new OptionError(
      `ACPI table claiming to have header is too short, available: ${contents.length}, expected: ${acpiHeaderBytes}`,
    )
  const bytes = contents.length + (file === undefined ? acpiHeaderBytes : 0)
  if (bytes > largestTable) throw new OptionError(`ACPI table too big, requested: ${bytes}, max: ${largestTable}`)
  if (file === undefined) {
    if (Object.keys(said).length === 0) warn('ACPI table: no headers are specified')
    return acpiTable({ ...usualHeader, ...said }, contents)
  }
  const { length, ...own } = readAcpiHeader(contents)
  if (length !== bytes) warn(`ACPI table has wrong length, header says ${length}, actual size ${bytes} bytes`)
  return acpiTable({ ...own, ...said }, contents.subarray(acpiHeaderBytes))
}

/** What a list says of the header. */
function saidOf(list: OptionList): Partial<AcpiHeader> {
  const number = (name: string, bits: 8 | 32): number | undefined => {
    const text = list.get(name)
    if (text === undefined) return undefined
    const value = text.includes('-') ? 'malformed' : parseUint64(text)
    if (typeof value !== 'bigint') throw new OptionError(`Parameter '${name}' expects a uint64 value`)
    if (value >> BigInt(bits)) throw new OptionError(`Parameter '${name}' expects uint${bits}_t`)
    return Number(value)
  }
  const text = (name: string, bytes: number): Uint8Array | undefined => {
    const said = list.get(name)
    if (said === undefined) return undefined
    const field = new Uint8Array(bytes)
    field.set(Buffer.from(said).subarray(0, bytes))
    return field
  }
  const said = {
    signature: text('sig', 4),
    revision: number('rev', 8),
    oemId: text('oem_id', 6),
    oemTableId: text('oem_table_id', 8),
    oemRevision: number('oem_rev', 32),
    compilerId: text('asl_compiler_id', 4),
    compilerRevision: number('asl_compiler_rev', 32),
  }
  const unknown = list.id === undefined ? list.items.find(([name]) => !known.includes(name))?.[0] : 'id'
  if (unknown !== undefined) throw new OptionError(`Invalid parameter '${unknown}'`)
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
}

function contentsOf(path: string): Buffer {
  try {
    return readWholeFileNow(path, { limit: largestFile })
  } catch (cause) {
    if (cause instanceof FileRefusal) throw new OptionError(`can't read file ${path}: ${cause.message}`)
    const verb = systemCode(cause) === 'EISDIR' ? 'read' : 'open'
    throw new OptionError(`can't ${verb} file ${path}: ${reasonText(cause)}`)
  }
}
