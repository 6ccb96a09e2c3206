import { receive, register } from './registers.ts'

const addresses = 16
const valid = 0x80000000
const vlanType = 0x8100
/** Which bits of a group's address choose its bit in the table. */
const shifts = [4, 3, 2, 0] as const

/** Whether a frame is for this card, by what the guest has written into its registers. */
export function isForCard(registers: Uint32Array, frame: Uint8Array): boolean {
  const control = registers[register.receiveControl >> 2]!
  if (frame.length < 14) return false
  if (control & receive.vlanFilter && ((frame[12]! << 8) | frame[13]!) === vlanType) {
    const id = ((frame[14] ?? 0) << 8) | (frame[15] ?? 0)
    const word = registers[(register.vlanTable >> 2) + ((id >> 5) & 0x7f)]!
    if (((word >>> (id & 31)) & 1) === 0) return false
  }
  const isGroup = (frame[0]! & 1) !== 0
  if (!isGroup && control & receive.promiscuous) return true
  if (isGroup && control & receive.allMulticast) return true
  if (isGroup && control & receive.broadcast && frame.subarray(0, 6).every((byte) => byte === 0xff)) return true
  const low = (frame[0]! | (frame[1]! << 8) | (frame[2]! << 16) | (frame[3]! << 24)) >>> 0
  const high = frame[4]! | (frame[5]! << 8)
  for (let index = 0; index < addresses; index++) {
    const at = (register.receiveAddress >> 2) + 2 * index
    const word = registers[at + 1]!
    if ((word & valid) !== 0 && registers[at] === low && (word & 0xffff) === high) return true
  }
  if (!isGroup) return false
  const bit = (((frame[5]! << 8) | frame[4]!) >> shifts[(control >> 12) & 3]!) & 0xfff
  return ((registers[(register.multicastTable >> 2) + (bit >> 5)]! >>> (bit & 31)) & 1) !== 0
}
