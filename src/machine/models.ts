/** The machine types that there are, in the order of query-machines. */
export const machineTypes = [
  { name: 'none', description: 'empty machine', cpuMax: 1 },
  {
    name: 'pc-i440fx-7.2',
    description: 'Standard PC (i440FX + PIIX, 1996)',
    alias: 'pc',
    isDefault: true,
    cpuMax: 1,
    cpuType: 'qemu32-i386-cpu',
    ramId: 'pc.ram',
  },
] as const

export type MachineType = (typeof machineTypes)[number]

/** The CPU models that there are, in the order of query-cpu-definitions. */
export const cpuModels = [
  { name: 'v86', typename: 'v86-i386-cpu', description: "the emulator's own CPU: a Pentium III with SSE2" },
  { name: 'qemu32', typename: 'qemu32-i386-cpu', aliasOf: 'v86', description: "what QEMU's users call it" },
  { name: 'max', typename: 'max-i386-cpu', aliasOf: 'v86', description: 'all that the emulator can do' },
] as const
