import type { Rom } from '../hmp/index.ts'
import type { BoardFiles } from './board-config.ts'
import type { MachineConfig } from './config.ts'

/** What brings the guest up: what starts a kernel, if there is one, and firmware. */
export function romsOf(
  { machine, firmware }: MachineConfig,
  { firmware: { bios }, kernel }: BoardFiles,
): readonly Rom[] {
  if (machine === 'none') return []
  const start = kernel === undefined ? [] : [{ ...romNamed(kernel.rom.name), bytes: kernel.rom.image.length }]
  const system = bios.length === 0 ? [] : [{ name: firmware.bios ?? 'bios-256k.bin', bytes: bios.length }]
  return [...start, ...system]
}

/** Its name in the firmware configuration device has a folder. */
function romNamed(path: string): Pick<Rom, 'name' | 'folder'> {
  const [folder = '', name = ''] = path.split('/')
  return { name, folder }
}
