import { broadcastMac, ethernetLength, etherTypes, type MacAddress, newFrame, writeEthernet } from './ethernet.ts'

const packetLength = 28
const operations = { request: 1, reply: 2 } as const

export interface ArpPacket {
  readonly operation: number
  readonly senderMac: MacAddress
  readonly senderAddress: number
  readonly targetAddress: number
}

/** An ARP packet for IPv4 on Ethernet (RFC 826) in a frame; undefined for anything else. */
export function readArp(frame: Buffer): ArpPacket | undefined {
  const packet = frame.subarray(ethernetLength)
  if (packet.length < packetLength || packet.readUInt32BE(0) !== 0x00010800 || packet.readUInt16BE(4) !== 0x0604)
    return undefined
  return {
    operation: packet.readUInt16BE(6),
    senderMac: packet.subarray(8, 14),
    senderAddress: packet.readUInt32BE(14),
    targetAddress: packet.readUInt32BE(24),
  }
}

/** Says who has the address that was asked for. */
export function arpReply(request: ArpPacket, mac: MacAddress): Buffer {
  return arpFrame({
    ...{ operation: operations.reply, senderMac: mac, senderAddress: request.targetAddress },
    ...{ targetMac: request.senderMac, targetAddress: request.senderAddress, to: request.senderMac },
  })
}

export function arpRequest(senderMac: MacAddress, senderAddress: number, targetAddress: number): Buffer {
  return arpFrame({
    ...{ operation: operations.request, senderMac, senderAddress, targetAddress },
    ...{ targetMac: new Uint8Array(6), to: broadcastMac },
  })
}

export function isArpRequest({ operation }: ArpPacket): boolean {
  return operation === operations.request
}

function arpFrame(parts: ArpPacket & { readonly targetMac: MacAddress; readonly to: MacAddress }): Buffer {
  const frame = newFrame(packetLength)
  writeEthernet(frame, { destination: parts.to, source: parts.senderMac, type: etherTypes.arp })
  const packet = frame.subarray(ethernetLength)
  packet.writeUInt32BE(0x00010800, 0)
  packet.writeUInt16BE(0x0604, 4)
  packet.writeUInt16BE(parts.operation, 6)
  packet.set(parts.senderMac, 8)
  packet.writeUInt32BE(parts.senderAddress, 14)
  packet.set(parts.targetMac, 18)
  packet.writeUInt32BE(parts.targetAddress, 24)
  return frame
}
