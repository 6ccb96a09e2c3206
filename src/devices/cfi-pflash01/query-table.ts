/** Flash is erased in blocks of so many bytes. */
export const blockBytes = 4096
/** So many bytes are programmed at once, if the guest sends that many. */
export const bufferBytes = 256

const tableBytes = 0x52

/** What the chip tells of itself when it is asked (JEDEC's common flash interface), by offsets. */
export function queryTable(chipBytes: number): Uint8Array {
  const table = new Uint8Array(tableBytes)
  const blocks = chipBytes / blockBytes
  const put = (offset: number, bytes: readonly number[]): void => table.set(bytes, offset)
  put(0x10, [...letters('QRY'), 0x01, 0x00, 0x31, 0x00]) // Intel's command set, and where its own table is
  put(0x1b, [0x45, 0x55]) // lowest and highest voltage
  put(0x1f, [0x07, 0x07, 0x0a, 0x00, 0x04, 0x04, 0x04, 0x00]) // how long it takes, as powers of two
  put(0x27, [log2(chipBytes), 0x02, 0x00, log2(bufferBytes), 0x00])
  put(0x2c, [1, ...word(blocks - 1), ...word(blockBytes / 256)]) // one region, all of whose blocks are alike
  put(0x31, letters('PRI10'))
  table[0x3f] = 1 // one field of protected registers
  return table
}

const letters = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0))
const word = (value: number): [low: number, high: number] => [value & 0xff, (value >> 8) & 0xff]

/** The power of two that divides a number. */
function log2(value: number): number {
  return 31 - Math.clz32(value & -value)
}
