import type { V86Cpu, V86Disk, V86Dma } from '../v86-internals.ts'

/**
 * Tells the floppy controller of transfers that the disk has failed: it then says so to the guest. v86's DMA controller
 * takes whatever a disk does for success, and a guest would go on with zeros, or with what was never written.
 */
export function patchFloppyErrors({ devices: { dma } }: V86Cpu): void {
  for (const name of ['do_read', 'do_write'] as const) {
    const transfer: V86Dma['do_read'] = dma[name]
    dma[name] = (disk, start, length, channel, done) =>
      transfer.call(dma, failingAloud(disk, done), start, length, channel, done)
  }
}

/** A disk that tells of an error instead of what should follow a success. */
function failingAloud(disk: V86Disk, failed: (failed: true) => void): V86Disk {
  return Object.create(disk, {
    byteLength: { get: () => disk.byteLength },
    get: {
      value: (offset: number, length: number, done: (data: Uint8Array) => void) =>
        disk.get(offset, length, (data, error) => (error === undefined ? done(data) : failed(true))),
    },
    set: {
      value: (offset: number, data: Uint8Array, done: () => void) =>
        disk.set(offset, data, (error) => (error === undefined ? done() : failed(true))),
    },
  })
}
