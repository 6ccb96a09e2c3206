import type { InterruptControllers } from '../../board/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'
import { controllersText, localApicText, risesText } from '../interrupts-text.ts'

const topic = hmpFamily<{
  guest: { interruptControllers(): Promise<InterruptControllers> }
  cpus: { readonly count: number }
}>()

/** What stands between devices and CPU. */
export const interruptTopics = {
  pic: topic({
    args: '',
    params: '',
    help: 'show PIC state',
    async run({ parts, print }) {
      if (parts.cpus.count > 0) print(controllersText(await parts.guest.interruptControllers()))
    },
  }),
  irq: topic({
    args: '',
    params: '',
    help: 'show the interrupts statistics (if available)',
    async run({ parts, print }) {
      if (parts.cpus.count > 0) print(risesText(await parts.guest.interruptControllers()))
    },
  }),
  lapic: topic({
    args: 'apic-id:i?',
    params: '[apic-id]',
    help: 'show local apic state (apic-id: local apic to read, default is which of current CPU)',
    async run({ parts, print }, { 'apic-id': id = 0n }) {
      if (id >= BigInt(parts.cpus.count)) throw new HmpError('No CPU available')
      print(localApicText((await parts.guest.interruptControllers()).localApic))
    },
  }),
}
