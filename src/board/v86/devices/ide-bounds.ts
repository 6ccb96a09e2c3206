import type { V86IdeInterface } from '../v86-internals.ts'

/** Commands whose addresses have 48 bits: reads and writes, by ports and by DMA, one and several sectors at a time. */
const extended = new Set([0x24, 0x25, 0x29, 0x34, 0x35, 0x39])
const aborted = 0x04
const failed = 0x41

/**
 * Lets v86's hard disks abort commands that reach behind their end, as QEMU's do: v86 leaves the drive busy for ever, or
 * takes such a transfer for done.
 */
export function patchBounds(prototype: V86IdeInterface): void {
  for (const name of [
    'ata_read_sectors',
    'ata_read_sectors_dma',
    'ata_write_sectors',
    'ata_write_sectors_dma',
  ] as const) {
    const act = prototype[name]
    prototype[name] = function (this: V86IdeInterface, command: number) {
      if (isInside(this, command)) {
        act.call(this, command)
        return
      }
      this.current_command = -1
      this.error_reg = aborted
      this.status_reg = failed
      this.push_irq()
    }
  }
}

/** Whether the sectors that the registers name are on the disk; a CD drive has none for these commands. */
export function isInside(unit: V86IdeInterface, command: number): boolean {
  if (unit.is_atapi || unit.buffer === null) return false
  const lba48 = extended.has(command)
  const first = unit.get_lba(lba48)
  return first >= 0 && first + unit.get_count(lba48) <= unit.sector_count
}
