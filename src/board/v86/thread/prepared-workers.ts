import { createHash } from 'node:crypto'
import { compiledWasm } from '../wasm/compiled-wasm.ts'
import type { CoreConfig, ToWorker } from '../wire.ts'
import { keepSpareWorkers } from './spare-workers.ts'

type Config = Omit<CoreConfig, 'wasm'>

/** The same for boards whose emulators begin alike. */
export function coreKey({ firmware, vga, ramBytes, serialPorts, stepped, bootOrder, bootOnce }: Config): string {
  const { bios, vgaBios = new Uint8Array(0) } = firmware
  const words = JSON.stringify([bios.length, vga, ramBytes, serialPorts, stepped === true, bootOrder, bootOnce])
  return createHash('sha256').update(bios).update(vgaBios).update(words).digest('hex')
}

/** Lets so many threads wait for boards like this one, with an emulator that has no drives and devices yet. */
export async function keepPreparedWorkers(program: URL, config: Config, count: number): Promise<void> {
  const { firmware, vga, ramBytes, serialPorts, stepped, bootOrder, bootOnce } = config
  const wasm = await compiledWasm().catch(() => undefined)
  if (wasm === undefined) return // a board that is wanted tells why
  const core: CoreConfig = {
    ...{ wasm, firmware, vga, ramBytes, serialPorts, bootOrder },
    ...(stepped !== undefined && { stepped }),
    ...(bootOnce !== undefined && { bootOnce }),
  }
  const message: ToWorker = { type: 'prepare', config: core }
  keepSpareWorkers(program, count, { key: coreKey(config), message })
}
