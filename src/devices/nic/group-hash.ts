/** The six highest bits of the CRC of an address: which bit of a table of 64 stands for a group (IEEE 802.3). */
export function groupHash(address: Uint8Array): number {
  let crc = 0xffffffff
  for (let at = 0; at < 6; at++)
    for (let bit = 0, byte = address[at] ?? 0; bit < 8; bit++, byte >>= 1) {
      const carry = (crc >>> 31) ^ (byte & 1)
      crc = (crc << 1) >>> 0
      if (carry) crc = (crc ^ 0x04c11db7) >>> 0
    }
  return crc >>> 26
}

/** Whether a table of eight bytes has the bit of a group. */
export function hasGroup(table: ArrayLike<number>, address: Uint8Array): boolean {
  const bit = groupHash(address)
  return ((table[bit >> 3]! >> (bit & 7)) & 1) !== 0
}

export function isBroadcast(frame: Uint8Array): boolean {
  for (let at = 0; at < 6; at++) if (frame[at] !== 0xff) return false
  return true
}
