import { compiledWasm } from '../wasm/compiled-wasm.ts'
import type { CoreConfig, ToWorker } from '../wire.ts'
import { keepSpareWorkers } from './spare-workers.ts'

type Config = Omit<CoreConfig, 'wasm'>

/** The same for boards whose emulators begin alike. */
export function coreKey({ ramBytes, serialPorts, stepped, bootOrder, bootOnce }: Config): string {
  return JSON.stringify([ramBytes, serialPorts, stepped === true, bootOrder, bootOnce])
}

/** Lets so many threads wait for boards like this one, with an emulator that has no drives and devices yet. */
export async function keepPreparedWorkers(program: URL, config: Config, count: number): Promise<void> {
  const { ramBytes, serialPorts, stepped, bootOrder, bootOnce } = config
  const wasm = await compiledWasm().catch(() => undefined)
  if (wasm === undefined) return // a board that is wanted tells why
  const core: CoreConfig = {
    ...{ wasm, ramBytes, serialPorts, bootOrder },
    ...(stepped !== undefined && { stepped }),
    ...(bootOnce !== undefined && { bootOnce }),
  }
  const message: ToWorker = { type: 'prepare', config: core }
  keepSpareWorkers(program, count, { key: coreKey(config), message })
}
