import type { V86Cpu, V86FloppyDrive } from '../v86-internals.ts'

const patched = new WeakSet<V86FloppyDrive>()

/**
 * Lets the heads of floppy drives move without a medium, too. In v86 an empty drive has no tracks, so that its heads stay
 * where they are; a driver that tries a seek to find out whether there is a medium tries for ever.
 */
export function patchFloppySeeks({ devices: { fdc } }: V86Cpu): void {
  const prototype = Object.getPrototypeOf(fdc.drives[0]!) as V86FloppyDrive
  if (patched.has(prototype)) return
  patched.add(prototype)
  const seek = prototype.seek
  prototype.seek = function (this: V86FloppyDrive, head, track, sector) {
    if (this.buffer !== null) return seek.call(this, head, track, sector)
    this.curr_track = track
    return 2
  }
}
