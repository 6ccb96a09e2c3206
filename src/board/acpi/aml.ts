import { acpiTable } from './acpi-table.ts'

/** A part of ACPI's machine language (ACPI specification 6.4, chapter 20). */
export type Aml = readonly number[]

export const ascii = (text: string): Aml => [...text].map((character) => character.charCodeAt(0))
/** A string constant. */
export const string = (text: string): Aml => [0x0d, ...ascii(text), 0]
export const byte = (value: number): Aml => [0x0a, value]
export const dword = (value: number): Aml => [0x0c, ...new Uint8Array(Uint32Array.of(value).buffer)]
/** Gives a name to a value. */
export const name = (path: string, value: Aml): Aml => [0x08, ...ascii(path), ...value]
/** A block whose length, which counts itself, comes first: in two bytes, of which the first has four bits of it. */
export const block = (opcode: Aml, body: Aml): Aml => {
  const length = body.length + 2
  return [...opcode, 0x40 | (length & 0xf), length >> 4, ...body]
}
/** Opens a scope at the root. @param path - four characters */
export const scope = (path: string, body: Aml): Aml => block([0x10], [0x5c, ...ascii(path), ...body])
export const device = (path: string, body: Aml): Aml => block([0x5b, 0x82], [...ascii(path), ...body])
/** A method without arguments. */
export const method = (path: string, body: Aml): Aml => block([0x14], [...ascii(path), 0, ...body])
export const packageOf = (...elements: readonly Aml[]): Aml => block([0x12], [elements.length, ...elements.flat()])
/** Notifies the device in a scope at the root. */
export const notify = (within: string, path: string, value: number): Aml => [
  ...[0x86, 0x5c, 0x2e, ...ascii(within), ...ascii(path)],
  ...byte(value),
]
/** Resources: I/O ports. */
export const ports = (first: number, count: number): Aml => {
  const io = [0x47, 0x01, first & 0xff, first >> 8, first & 0xff, first >> 8, 1, count]
  const template = [...io, 0x79, 0x00]
  return block([0x11], [0x0a, template.length, ...template])
}

/**
 * A secondary system description table (SSDT).
 *
 * @param id - its OEM table id: up to eight characters
 */
export function ssdt(id: string, body: Aml): Uint8Array {
  const header = {
    signature: Buffer.from('SSDT'),
    revision: 1,
    oemId: Buffer.from('BOCHS '),
    oemTableId: Buffer.from(id),
    oemRevision: 1,
    compilerId: Buffer.from('BXPC'),
    compilerRevision: 1,
  }
  return acpiTable(header, Uint8Array.from(body))
}
