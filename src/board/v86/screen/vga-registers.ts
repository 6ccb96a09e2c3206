import type { MonitorSize } from '../../board.ts'
import type { MemoryResponder } from '../../bus/device-bus.ts'
import { monitorIdentity, usualMonitor } from '../../screen/edid.ts'
import type { V86Cpu } from '../v86-internals.ts'

/** Ports of the VGA, and of the Bochs VBE extensions: an index, and the register with that index. */
const vgaPorts = { first: 0x3c0, count: 0x20 } as const
const vbe = { index: 0x1ce, data: 0x1cf, registers: 11 } as const
/** Where things are in the region. */
const places = { ports: 0x400, vbe: 0x500, extended: 0x600 } as const
/** QEMU's own registers: how many bytes they have, and the order of bytes in video memory: the lowest first. */
const extended = [8, 0x1e1e1e1e] as const

/**
 * The registers of QEMU's VGA in memory (region 2): the monitor's identity, the ports, the Bochs VBE extensions, and two
 * of QEMU's own, of which the second cannot be changed. Where nothing is, all bits are set.
 */
export function vgaRegisters({ io }: V86Cpu, monitor: MonitorSize | 'none' = usualMonitor): MemoryResponder {
  const edid = monitor === 'none' ? new Uint8Array(0) : monitorIdentity(monitor)
  /** The low byte of a word that is being written. */
  let low = 0
  const vbeRead = (index: number): number => {
    writeWord(vbe.index, index)
    const { read16, device } = io.ports[vbe.data]!
    return read16.call(device, vbe.data)
  }
  const writeWord = (port: number, value: number): void => {
    const { write16, device } = io.ports[port]!
    write16.call(device, value)
  }
  const isVbe = (offset: number): boolean => offset >= places.vbe && offset < places.vbe + vbe.registers * 2
  const portAt = (offset: number): number | undefined =>
    offset >= places.ports && offset < places.ports + vgaPorts.count
      ? vgaPorts.first + offset - places.ports
      : undefined
  const read8 = (offset: number): number => {
    if (offset < edid.length) return edid[offset]!
    const port = portAt(offset)
    if (port !== undefined) {
      const { read8: read, device } = io.ports[port]!
      return read.call(device, port)
    }
    if (isVbe(offset)) return (vbeRead((offset - places.vbe) >> 1) >> (8 * (offset & 1))) & 0xff
    const own = extended[(offset - places.extended) >> 2]
    return offset >= places.extended && own !== undefined ? (own >> (8 * (offset & 3))) & 0xff : 0xff
  }
  const write8 = (offset: number, value: number): void => {
    const port = portAt(offset)
    if (port !== undefined) {
      const { write8: write, device } = io.ports[port]!
      write.call(device, value)
    } else if (isVbe(offset)) {
      if ((offset & 1) === 0) low = value
      else {
        writeWord(vbe.index, (offset - places.vbe) >> 1)
        writeWord(vbe.data, (value << 8) | low)
      }
    }
  }
  return {
    read8,
    write8,
    read32: (offset) =>
      read8(offset) | (read8(offset + 1) << 8) | (read8(offset + 2) << 16) | (read8(offset + 3) << 24),
    write32: (offset, value) => {
      for (let byte = 0; byte < 4; byte++) write8(offset + byte, (value >>> (8 * byte)) & 0xff)
    },
  }
}
