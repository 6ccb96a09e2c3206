import type { V86Cpu } from './v86-internals.ts'
import type { WorkerConfig } from './wire.ts'

/** S3 and S4 are supported (bit 7), with the sleep types of the power management function. */
const systemStates = [128, 0, 0, 128 + 1, 128 + 2, 128]
/**
 * Where QEMU has instructions for building ACPI tables. SeaBIOS makes its own where there are none, but for the sake of
 * this file puts the power management's ports to 600h, where they are on QEMU, and not to B000h.
 */
const tableLoader = 'etc/table-loader'
/** SeaBIOS logs here, one character at a time, if reading gives this value. */
const debugPort = 0x402
const debugPortPresent = 0xe9

/** Gives SeaBIOS what it looks for in the firmware configuration device, and listens to its log. */
export function configureFirmware(cpu: V86Cpu, config: WorkerConfig, log: (line: string) => void): void {
  cpu.option_roms.push({ name: 'etc/system-states', data: Uint8Array.from(systemStates) })
  cpu.option_roms.push({ name: tableLoader, data: new Uint8Array(0) })
  const order = bootOrder(config.drives)
  if (order !== '') cpu.option_roms.push({ name: 'bootorder', data: new TextEncoder().encode(`${order}\0`) })
  const wait = config.bootMenu?.timeoutMs
  if (wait !== undefined) {
    cpu.option_roms.push({ name: 'etc/boot-menu-wait', data: new Uint8Array(Uint32Array.of(wait).buffer) })
  }
  if (config.logFirmware !== true) return
  const device = { name: 'firmware log' }
  let line = ''
  cpu.io.register_read(debugPort, device, () => debugPortPresent)
  cpu.io.register_write(debugPort, device, (byte) => {
    if (byte !== 0x0a && line.length < 1000) {
      line += String.fromCharCode(byte)
      return
    }
    log(line)
    line = ''
  })
}

/** The drives that the firmware tries first, a line each, by their places in Open Firmware's tree of devices. */
function bootOrder(drives: WorkerConfig['drives']): string {
  return drives
    .filter(({ bootIndex }) => bootIndex !== undefined)
    .sort((one, other) => one.bootIndex! - other.bootIndex!)
    .map(({ slot }) =>
      slot.bus === 'ide'
        ? `/pci@i0cf8/ide@1,1/drive@${slot.channel}/disk@${slot.unit}`
        : `/pci@i0cf8/isa@1/fdc@03f0/floppy@${slot.unit}`,
    )
    .join('\n')
}
