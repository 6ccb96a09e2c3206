import type { MemoryResponder } from '../../bus/device-bus.ts'
import { hostBridge, ideController, type PcConfig, powerManagement, standardVga } from '../../pci/pc-functions.ts'
import type { Piix4Pm } from '../devices/piix4-pm.ts'
import { romResponder } from '../memory/rom.ts'
import { vgaRegisters } from '../screen/vga-registers.ts'
import type { V86Cpu, V86PortEntry } from '../v86-internals.ts'
import type { PciBus } from './pci-bus.ts'

/** Where v86 has the ports of its IDE bus master, and how many there are of them. */
const v86BusMaster = { port: 0xb400, count: 16 }
/** Where v86 has the video memory, for good. */
const videoMemory = 0xe0000000

/**
 * Puts the functions of QEMU's `pc` into its slots, with v86's devices behind them. Call it before the machine first
 * runs, when its drives are there.
 */
export function addPcFunctions(
  bus: PciBus,
  cpu: V86Cpu,
  { config, power, busMaster }: { config: PcConfig; power: Piix4Pm | undefined; busMaster: readonly V86PortEntry[] },
): void {
  const { ramBytes, vga, videoCard, firmware } = config
  bus.add(hostBridge(ramBytes))
  bus.ports.take(v86BusMaster.port, v86BusMaster.count)
  bus.add(ideController, { ports: new Map([[4, busMaster]]) })
  if (power !== undefined) {
    bus.add(powerManagement(config), {
      changed: (space) => power.window.move(space.ownPorts),
    })
  }
  if (!vga) return
  const rom = firmware.vgaBios ?? new Uint8Array(0)
  bus.add(standardVga(rom.length, videoCard), {
    memory: new Map([
      [0, videoMemoryAlias(cpu)],
      [2, vgaRegisters(cpu, videoCard?.monitor)],
      [6, romResponder(rom)],
    ]),
  })
}

/** Video memory where the guest has put it. It answers at v86's place as well, which is quicker: that cannot be changed. */
function videoMemoryAlias({ wm: { exports } }: V86Cpu): MemoryResponder {
  return {
    read8: (offset) => exports.read8((videoMemory + offset) | 0),
    write8: (offset, value) => exports.write8((videoMemory + offset) | 0, value),
    read32: (offset) => exports.read32s((videoMemory + offset) | 0),
    write32: (offset, value) => exports.write32((videoMemory + offset) | 0, value),
  }
}
