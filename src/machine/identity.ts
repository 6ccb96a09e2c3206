import type { MachineParts } from '../commands/index.ts'
import type { MachineConfig } from './config.ts'
import { cpuModels, machineTypes } from './models.ts'
import { expandCpuModel } from './processor/expansion.ts'
import { optionParametersOf } from './settings/option-parameters.ts'

/** What the machine says of itself. */
export function identityOf({ name, uuid, machine, acpi, ramBytes, spice }: MachineConfig): MachineParts['identity'] {
  return {
    name,
    uuid: uuid ?? '00000000-0000-0000-0000-000000000000',
    wakeupSuspend: machine === 'pc' && acpi,
    machines: machineTypes,
    options: optionParametersOf({ spice: spice !== undefined }),
    ramBytes,
    cpuModels,
    expandCpuModel,
  }
}
