import type { Returned } from '../../commands/index.ts'
import { hmpFamily } from '../hmp-command.ts'

const topic = hmpFamily<{}>()

type Bus = Returned<'query-pci'>[number]
type Device = Bus['devices'][number]
type Region = Device['regions'][number]

/** The PCI bus. */
export const pciTopics = {
  pci: topic({
    args: '',
    params: '',
    help: 'show PCI info',
    async run({ qmp, print }) {
      for (const { devices } of await qmp('query-pci')) print(devices.map(deviceText).join(''))
    },
  }),
}

function deviceText(device: Device): string {
  const { class_info, id, irq, irq_pin } = device
  const kind = class_info.desc ?? `Class ${String(class_info.class).padStart(4, '0')}`
  return [
    `  Bus ${pad(device.bus, 2)}, device ${pad(device.slot, 3)}, function ${device.function}:`,
    `    ${kind}: PCI device ${hex(id.vendor, 4)}:${hex(id.device, 4)}`,
    ...(id['subsystem-vendor'] === undefined || id.subsystem === undefined
      ? []
      : [`      PCI subsystem ${hex(id['subsystem-vendor'], 4)}:${hex(id.subsystem, 4)}`]),
    ...(irq === undefined ? [] : [`      IRQ ${irq}, pin ${String.fromCharCode(0x40 + Number(irq_pin))}`]),
    ...device.regions.map(regionText),
    `      id "${device.qdev_id}"`,
    '',
  ].join('\n')
}

function regionText({ bar, type, address, size, mem_type_64, prefetch }: Region): string {
  const start = BigInt.asUintN(64, BigInt(address))
  const end = BigInt.asUintN(64, start + BigInt(size) - 1n)
  if (type === 'io') return `      BAR${bar}: I/O at 0x${hex(start, 4)} [0x${hex(end, 4)}].`
  const kind = `${mem_type_64 === true ? 64 : 32} bit${prefetch === true ? ' prefetchable' : ''} memory`
  return `      BAR${bar}: ${kind} at 0x${hex(start, 8)} [0x${hex(end, 8)}].`
}

function hex(value: number | bigint, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

function pad(value: number | bigint, width: number): string {
  return String(value).padStart(width)
}
