/** What QEMU can be asked for and vmon refuses: never silently, always with a text that says what is wrong. */

export interface Refusal {
  readonly what: string
  readonly options: readonly string[]
  /** The first line on standard error, behind the name of the program. */
  readonly says: string
  readonly reason: string
}

export const refusals: readonly Refusal[] = [
  {
    what: 'more than one CPU',
    options: ['-smp', '2'],
    says: "Invalid SMP CPUs 2. The max CPUs supported by machine 'pc-i440fx-7.2' is 1",
    reason: 'the emulated processor has no second one beside it',
  },
  {
    what: '64-bit guests',
    options: ['-cpu', 'qemu64'],
    says: "unable to find CPU model 'qemu64'",
    reason: 'the emulated processor is a 32-bit one',
  },
  {
    what: 'hardware virtualisation',
    options: ['-accel', 'kvm'],
    says: '-accel kvm: invalid accelerator kvm',
    reason: 'everything runs in this process, without privileges',
  },
  {
    what: 'more than 2040 MiB of RAM',
    options: ['-m', '2041'],
    says: 'at most 2040 MB RAM can be simulated',
    reason: 'the most that the emulator can give a guest',
  },
  {
    what: 'memory hot-plug',
    options: ['-m', '256,slots=2,maxmem=1G'],
    says: 'unsupported amount of memory slots: 2',
    reason: 'guest RAM keeps the size that it starts with',
  },
  {
    what: 'USB',
    options: ['-usb'],
    says: "-usb: this option of QEMU's is not available in vmon",
    reason: 'the emulated chipset has no USB controller',
  },
]
