import type { V86Dma, V86Io } from '../v86-internals.ts'

/** Where the two 8237s are, how far apart their registers, and which channel is their first. */
const controllers = [
  { base: 0x00, stride: 1, firstChannel: 0 },
  { base: 0xc0, stride: 2, firstChannel: 4 },
] as const
/** Registers behind those of the channels. */
const registers = { status: 8, request: 9, clear: 13, unmaskAll: 14, masks: 15, end: 16 } as const
const channels = 4

/**
 * Completes v86's DMA controllers: their status, which is nothing, since each transfer is done at once, and registers that
 * read as zeros; master clear; all channels unmasked at once; the second controller's registers at odd ports, too.
 */
export function completeDmaControllers(io: V86Io, dma: V86Dma): void {
  for (const { base, stride, firstChannel } of controllers) {
    const setMasks = (mask: 0 | 1): void => {
      for (let channel = firstChannel; channel < firstChannel + channels; channel++) dma.update_mask(channel, mask)
    }
    const port = (register: number): number => base + register * stride
    for (let register: number = registers.status; register < registers.masks; register++) {
      io.register_read(port(register), dma, () => (register === registers.request ? 0xff : 0))
    }
    io.register_write(port(registers.clear), dma, () => {
      dma.lsb_msb_flipflop = 0
      setMasks(1)
    })
    io.register_write(port(registers.unmaskAll), dma, () => setMasks(0))
    if (stride === 1) continue
    for (let register = 0; register < registers.end; register++) {
      const { device, read8, write8 } = io.ports[port(register)]!
      io.register_read(port(register) + 1, dma, () => read8.call(device, port(register)))
      io.register_write(port(register) + 1, dma, (value) => write8.call(device, value))
    }
  }
}
