import type { V86Cpu } from '../v86-internals.ts'

/** Lets what devices write to addresses behind RAM go nowhere, as on a bus: v86 throws, out of a port or a callback. */
export function boundBusMasters(cpu: V86Cpu): void {
  const write = cpu.write_blob
  cpu.write_blob = (bytes, address) => {
    const start = address >>> 0
    const room = cpu.memory_size[0]! - start
    if (room > 0) write.call(cpu, bytes.length > room ? bytes.subarray(0, room) : bytes, start)
  }
}
