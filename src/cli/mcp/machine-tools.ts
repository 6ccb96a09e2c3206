import type { MachineOptions } from '../../machine/index.ts'
import { bool, list, oneOf, opt, req, str, struct, uint32 } from '../../qapi/index.ts'
import { confinedImage, ImageFormat } from './confined-image.ts'
import type { ManagedMachine } from './managed-machine.ts'
import { machine, tool } from './needs.ts'
import type { OwnFolder } from './own-folder.ts'

const bootLetters = { floppy: 'a', disk: 'c', cdrom: 'd', network: 'n' } as const
const BootFrom = oneOf('BootFrom', ['floppy', 'disk', 'cdrom', 'network'])
const interfaces = oneOf('Interface', ['ide', 'virtio', 'floppy', 'cdrom'])
const actions = oneOf('PowerAction', ['pause', 'resume', 'reset', 'press-power-button', 'wake'])

const commandOf = {
  pause: 'stop',
  resume: 'cont',
  reset: 'system_reset',
  'press-power-button': 'system_powerdown',
  wake: 'system_wakeup',
} as const

const Disk = struct('Disk', {
  file: req(str, 'its image'),
  interface: opt(interfaces, 'what the guest sees (default ide)'),
  format: opt(ImageFormat, 'format of the image; that of its ending (.qcow2, .vdi, .vhd), else raw'),
  'read-only': opt(bool, 'the guest cannot write to it'),
})

type WishedDisk = ReturnType<typeof Disk.decode>

/** Machines that come, go on and end. */
export const machineTools = [
  tool({
    name: 'machine_start',
    doc: 'Start a virtual machine, a PC, and let it run. It boots from the first of its disks that can be booted, or a kernel.',
    args: {
      name: opt(str, 'name of the machine; vm1, vm2, ... without it'),
      memory: opt(uint32, 'RAM in MiB (default 128)'),
      disks: opt(list(Disk), 'disks, CDs and floppies'),
      boot: opt(BootFrom, 'what to boot from'),
      kernel: opt(str, 'Linux, a multiboot or an ELF kernel, to be started without a boot loader'),
      initrd: opt(str, 'its initial RAM disk'),
      append: opt(str, 'its command line'),
      network: opt(bool, 'a network card with a network behind it, if this server allows it'),
      'discard-writes': opt(bool, 'nothing that is written to disks is kept'),
      paused: opt(bool, 'it waits for machine_power resume'),
      state: opt(str, 'a file of machine_save: the machine goes on from there; give it the same memory and disks'),
    },
    async run({ machines, folder, options }, args, { signal }) {
      if (args.network === true && !options.network)
        throw new Error('this server allows no network: it was not started with --network')
      const { kernel, initrd, append, boot, state } = args
      const wished: MachineOptions = {
        nics: args.network === true ? 'user' : 'none',
        serial: 'null',
        drives: await drivesOf(folder, args.disks ?? []),
        ...(boot && { boot: bootLetters[boot] }),
        ...(kernel && { kernel: await folder.fileOf(kernel) }),
        ...(initrd && { initrd: await folder.fileOf(initrd) }),
        ...(append !== undefined && { append }),
        snapshot: args['discard-writes'] ?? false,
        paused: args.paused ?? false,
      }
      const savedState = state === undefined ? undefined : await folder.fileOf(state)
      const { name, memory } = args
      const started = await machines.start({ name, memory, options: wished, savedState, signal })
      return `machine ${started.name} has started`
    },
  }),

  tool({
    name: 'machine_list',
    doc: 'List the machines: name, run state, memory, the last things that happened to each.',
    args: {},
    hints: { readOnly: true },
    async run({ machines }, _, { signal }) {
      const all = await Promise.all(machines.all.map((one) => summaryOf(one, signal)))
      return all.length === 0 ? 'there is no machine' : JSON.stringify(all, undefined, 2)
    },
  }),

  tool({
    name: 'machine_power',
    doc: 'Pause a machine, let it go on, reset it, press its power button (the guest decides what that does), or wake it from sleep.',
    args: { machine, action: req(actions, 'what to do') },
    hints: { destructive: true },
    async run({ machines }, { machine: name, action }, { signal }) {
      const { vm } = machines.find(name)
      await vm.qmp.execute(commandOf[action], {}, { signal })
      return `${action}: done; the machine is ${(await vm.qmp.execute('query-status', {}, { signal })).status}`
    },
  }),

  tool({
    name: 'machine_end',
    doc: 'End a machine at once, as pulling the plug would, and forget it. Its disks stay.',
    args: { machine },
    hints: { destructive: true },
    async run({ machines }, { machine: name }) {
      const found = machines.find(name)
      await machines.end(found)
      return `machine ${found.name} has ended`
    },
  }),
]

async function summaryOf({ name, memory, vm, ending, events }: ManagedMachine, signal: AbortSignal): Promise<object> {
  const happened = events.slice(-10).map(({ event, time, data }) => ({ event, time: new Date(time), data }))
  if (ending !== undefined) return { name, state: `ended: ${ending}`, events: happened }
  const { status } = await vm.qmp.execute('query-status', {}, { signal })
  const serialPorts = vm.serial.flatMap((port, index) => (port === undefined ? [] : [index]))
  return { name, state: status, memory, serialPorts, events: happened }
}

/** Places on the controllers: CDs behind the disks of their kind, as a PC has them. */
async function drivesOf(
  folder: OwnFolder,
  disks: readonly WishedDisk[],
): Promise<NonNullable<MachineOptions['drives']>> {
  return Promise.all(
    disks.map(async ({ file, interface: kind = 'ide', format, 'read-only': readOnly = false }) => {
      const image = await confinedImage(folder, file, format)
      return {
        file: { driver: 'file', filename: image.path },
        format: image.format,
        if: kind === 'cdrom' ? 'ide' : kind,
        ...(kind === 'cdrom' && { media: 'cdrom' }),
        ...(readOnly && { readonly: 'on' }),
      }
    }),
  )
}
