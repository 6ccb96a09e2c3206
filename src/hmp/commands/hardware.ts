import { bootLettersComplaint, pcBootDevicesComplaint } from '../../board/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const command = hmpFamily<{
  guest: {
    readPort(port: number, size: 1 | 2 | 4): Promise<number>
    writePort(port: number, size: 1 | 2 | 4, value: number): Promise<void>
    setBootOrder(letters: string): Promise<void>
  }
  cpus: { readonly count: number }
}>()

const suffixes = { 1: 'b', 2: 'w', 4: 'l' } as const

/** The guest's hardware, by hand. */
export const hardwareCommands = {
  i: command({
    args: 'fmt:/,addr:i,index:i.',
    params: '/fmt addr',
    help: 'I/O port read',
    async run({ parts: { guest }, print }, { fmt, addr, index }) {
      let port = Number(addr)
      if (index !== undefined) await guest.writePort(port++ & 0xffff, 1, Number(index & 0xffn))
      port &= 0xffff
      const size = portSize(fmt.size)
      const value = await guest.readPort(port, size)
      // Without a size (format i) QEMU asks for -2 digits, which C takes for two at least, from the left.
      const digits = fmt.size === undefined ? value.toString(16).padEnd(2) : hex(value, fmt.size * 2)
      print(`port${suffixes[size]}[0x${hex(port, 4)}] = 0x${digits}\n`)
    },
  }),
  o: command({
    args: 'fmt:/,addr:i,val:i',
    params: '/fmt addr value',
    help: 'I/O port write',
    async run({ parts: { guest } }, { fmt, addr, val }) {
      await guest.writePort(Number(addr) & 0xffff, portSize(fmt.size), Number(val))
    },
  }),
  boot_set: command({
    args: 'bootdevice:s',
    params: 'bootdevice',
    help: 'define new values for the boot device list',
    async run({ parts: { guest, cpus }, print }, { bootdevice }) {
      if (cpus.count === 0) throw new HmpError('no function defined to set boot device list for this architecture')
      const complaint = bootLettersComplaint(bootdevice) ?? pcBootDevicesComplaint(bootdevice)
      if (complaint !== undefined) throw new HmpError(complaint)
      await guest.setBootOrder(bootdevice)
      print(`boot device list now set to ${bootdevice}\n`)
    },
  }),
}

function portSize(size: 1 | 2 | 4 | 8 | undefined): 1 | 2 | 4 {
  return size === 2 || size === 4 ? size : 1
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
