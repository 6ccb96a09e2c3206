/** What the header of an ACPI table says beside its length and checksum (ACPI 6.5, 5.2.6). */
export interface AcpiHeader {
  /** Four bytes. */
  readonly signature: Uint8Array
  readonly revision: number
  /** Six bytes. */
  readonly oemId: Uint8Array
  /** Eight bytes. */
  readonly oemTableId: Uint8Array
  readonly oemRevision: number
  /** Four bytes. */
  readonly compilerId: Uint8Array
  readonly compilerRevision: number
}

/** Bytes of a table's header. */
export const acpiHeaderBytes = 36

/** A table with this header: its length and checksum are found. */
export function acpiTable(header: AcpiHeader, body: Uint8Array): Uint8Array {
  const table = Buffer.alloc(acpiHeaderBytes + body.length)
  table.set(header.signature)
  table.writeUInt32LE(table.length, 4)
  table[8] = header.revision
  table.set(header.oemId, 10)
  table.set(header.oemTableId, 16)
  table.writeUInt32LE(header.oemRevision, 24)
  table.set(header.compilerId, 28)
  table.writeUInt32LE(header.compilerRevision, 32)
  table.set(body, acpiHeaderBytes)
  table[9] = -table.reduce((sum, byte) => sum + byte, 0) & 0xff
  return table
}

/** What the header of a table says, and the length that it claims. */
export function readAcpiHeader(table: Uint8Array): AcpiHeader & { readonly length: number } {
  const bytes = Buffer.from(table.buffer, table.byteOffset, acpiHeaderBytes)
  return {
    signature: bytes.subarray(0, 4),
    length: bytes.readUInt32LE(4),
    revision: bytes[8]!,
    oemId: bytes.subarray(10, 16),
    oemTableId: bytes.subarray(16, 24),
    oemRevision: bytes.readUInt32LE(24),
    compilerId: bytes.subarray(28, 32),
    compilerRevision: bytes.readUInt32LE(32),
  }
}
