/** A part of ACPI's machine language. */
type Aml = readonly number[]

const ascii = (text: string): Aml => [...text].map((character) => character.charCodeAt(0))
const name = (path: string, value: Aml): Aml => [0x08, ...ascii(path), ...value]
/** A block whose length, which counts itself, comes first: in two bytes, of which the first has four bits of it. */
const block = (opcode: Aml, body: Aml): Aml => {
  const length = body.length + 2
  return [...opcode, 0x40 | (length & 0xf), length >> 4, ...body]
}
const ports = (first: number, count: number): Aml => {
  const io = [0x47, 0x01, first & 0xff, first >> 8, first & 0xff, first >> 8, 1, count]
  const template = [...io, 0x79, 0x00]
  return block([0x11], [0x0a, template.length, ...template])
}

/** The ports of the device: selector, data, and those for direct memory access. */
const firstPort = 0x510
const portCount = 12

/**
 * The table by which a guest finds the firmware configuration device, as QEMU names it: QEMU0002. SeaBIOS adds it to
 * those that it makes itself.
 */
export function fwCfgTable(): Uint8Array {
  const device = [
    ...ascii('FWCF'),
    ...name('_HID', [0x0d, ...ascii('QEMU0002'), 0]),
    ...name('_STA', [0x0a, 0x0b]), // there, enabled, working, and not shown
    ...name('_CRS', ports(firstPort, portCount)),
  ]
  const body = block([0x10], [0x5c, ...ascii('_SB_'), ...block([0x5b, 0x82], device)])
  const table = Buffer.alloc(36 + body.length)
  table.write('SSDT')
  table.writeUInt32LE(table.length, 4)
  table[8] = 1
  table.write('BOCHS BXPCFWCF', 10)
  table.writeUInt32LE(1, 24)
  table.write('BXPC', 28)
  table.writeUInt32LE(1, 32)
  table.set(body, 36)
  table[9] = -table.reduce((sum, byte) => sum + byte, 0) & 0xff
  return table
}
