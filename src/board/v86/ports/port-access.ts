import type { PortSize } from '../../board.ts'
import type { V86Cpu } from '../v86-internals.ts'

/** The two 8259s, which are part of v86's processor: its instructions alone reach them. */
const interruptControllers: ReadonlySet<number> = new Set([0x20, 0x21, 0xa0, 0xa1])

/** Reads an I/O port as an instruction of the guest would: devices take it for one, and something may happen. */
export function readPort(cpu: V86Cpu, port: number, size: PortSize): number {
  if (size === 1 && interruptControllers.has(port)) return execute(cpu, port, 0, () => cpu.wm.exports.instr_EC())
  const { io } = cpu
  const { device, read8, read16, read32 } = entryOf(io.ports, port)
  const read = size === 1 ? read8 : size === 2 ? read16 : read32
  // Some of v86's registers say more than the bytes that are asked for.
  return (read.call(device, port) & (size === 1 ? 0xff : size === 2 ? 0xffff : 0xffffffff)) >>> 0
}

/** Writes an I/O port as an instruction of the guest would. */
export function writePort(cpu: V86Cpu, port: number, size: PortSize, value: number): void {
  if (size === 1 && interruptControllers.has(port)) {
    execute(cpu, port, value & 0xff, () => cpu.wm.exports.instr_EE())
    return
  }
  const { io } = cpu
  const { device, write8, write16, write32 } = entryOf(io.ports, port)
  const write = size === 1 ? write8 : size === 2 ? write16 : write32
  write.call(device, size === 4 ? value | 0 : value & (size === 1 ? 0xff : 0xffff))
}

/** Lets the processor execute `in al,dx` or `out dx,al`, in whatever mode it is. @returns al */
function execute({ reg32, protected_mode }: V86Cpu, port: number, al: number, instruction: () => void): number {
  const [eax, edx, mode] = [reg32[0]!, reg32[2]!, protected_mode[0]!]
  reg32[0] = al
  reg32[2] = port
  protected_mode[0] = 0 // no mode forbids it then
  try {
    instruction()
    return reg32[0] & 0xff
  } finally {
    reg32[0] = eax
    reg32[2] = edx
    protected_mode[0] = mode
  }
}

function entryOf(ports: V86Cpu['io']['ports'], port: number) {
  return ports[port & 0xffff]!
}
