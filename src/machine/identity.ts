import type { MachineParts } from '../commands/index.ts'
import type { MachineConfig } from './config.ts'

const cpuModels = [
  { name: 'v86', typename: 'v86-i386-cpu' },
  { name: 'qemu32', typename: 'qemu32-i386-cpu', aliasOf: 'v86' },
]

const machines = [
  { name: 'none', cpuMax: 1 },
  { name: 'pc-i440fx-7.2', alias: 'pc', isDefault: true, cpuMax: 1, cpuType: 'v86-i386-cpu', ramId: 'pc.ram' },
]

/** What the machine says of itself. */
export function identityOf({ name, uuid, machine }: MachineConfig): MachineParts['identity'] {
  return {
    name,
    uuid: uuid ?? '00000000-0000-0000-0000-000000000000',
    wakeupSuspend: machine === 'pc',
    machines,
    cpuModels,
  }
}
