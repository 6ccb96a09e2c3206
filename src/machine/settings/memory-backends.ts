import { OptionError } from '../../keyval/index.ts'
import type { MachineConfig, MemoryBackendConfig } from '../config.ts'
import type { MemoryBackend, ObjectConfig } from './objects.ts'

/** The memory that `-object` describes; one of them can be the RAM. */
export class MemoryBackends {
  readonly #backends: readonly MemoryBackend[]

  constructor(objects: readonly ObjectConfig[]) {
    this.#backends = objects.flatMap((one) => (one.type === 'memory-backend-ram' ? [one.object] : []))
  }

  /** The one that `-machine memory-backend=` names, if it does. @throws {OptionError} if there is none of that name */
  named(name: string | undefined): MemoryBackend | undefined {
    const found = this.#backends.find(({ id }) => id === name)
    if (found === undefined && name !== undefined) throw new OptionError(`Memory backend '${name}' not found`)
    return found
  }

  /** All of them, the one that is the RAM before the others; a PC has RAM in any case, another machine if it was asked for. */
  list(
    machine: MachineConfig['machine'],
    ramName: string | undefined,
    ramBytes: number,
    prealloc: boolean,
  ): MemoryBackendConfig[] {
    const others = this.#backends.filter(({ id }) => id !== ramName).map(inBytes)
    const ram = this.named(ramName) ?? {
      id: machine === 'pc' ? 'pc.ram' : 'ram',
      size: BigInt(ramBytes),
      said: prealloc ? { prealloc } : {},
    }
    return ram.size > 0n ? [inBytes(ram), ...others] : others
  }
}

function inBytes({ id, size, said }: MemoryBackend): MemoryBackendConfig {
  return { id, bytes: Number(size), said }
}
