import { vgaMemoryBytes } from '../pci/pc-functions.ts'
import { VirtualClock } from './cpu/virtual-clock.ts'
import { bootOrderNibbles } from './firmware/boot-order.ts'
import type { V86Emulator } from './v86-internals.ts'
import { loadV86 } from './v86-script.ts'
import { wasmLoader } from './wasm/wasm-loader.ts'
import type { CoreConfig, Notice } from './wire.ts'

/** v86 as it comes, with the guest's clock: the board's own parts are not in it yet. */
export interface EmulatorCore {
  readonly emulator: V86Emulator
  readonly clock: VirtualClock
  readonly takePanic: () => string
}

/** Builds what can be built before drives and devices are known: most of what a board costs. */
export async function buildCore(config: CoreConfig, notify: (notice: Notice) => void): Promise<EmulatorCore> {
  // Steps are exact where they begin at 0.
  const clock = config.stepped === true ? new VirtualClock(() => 0) : new VirtualClock()
  const loader = wasmLoader(config.wasm, clock.now, (message) => notify({ type: 'deviceFailed', message }))
  const V86 = loadV86()
  const emulator = new V86({
    wasm_fn: loader.instantiate,
    memory_size: config.ramBytes,
    vga_memory_size: vgaMemoryBytes,
    acpi: true,
    autostart: false,
    disable_speaker: true,
    log_level: 0,
    net_device: { type: 'none' },
    boot_order: bootOrderNibbles(config.bootOnce ?? config.bootOrder),
    uart1: config.serialPorts > 1,
    uart2: config.serialPorts > 2,
    uart3: config.serialPorts > 3,
  } as never) as unknown as V86Emulator
  await new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()))
  const loopClass = emulator.v86.constructor as unknown as { microtick: () => number }
  loopClass.microtick = clock.now
  return { emulator, clock, takePanic: loader.takePanic }
}
