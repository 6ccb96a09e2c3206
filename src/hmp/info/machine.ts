import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const topic = hmpFamily<{}>()

/** What the machine is, and how it does. */
export const machineTopics = {
  version: topic({
    args: '',
    params: '',
    help: 'show the version of QEMU',
    async run({ qmp, print }) {
      const { qemu, package: distribution } = await qmp('query-version')
      print(`${qemu.major}.${qemu.minor}.${qemu.micro}${distribution}\n`)
    },
  }),
  status: topic({
    args: '',
    params: '',
    help: 'show the current VM status (running|paused)',
    async run({ qmp, print }) {
      const { running, singlestep, status } = await qmp('query-status')
      const step = singlestep ? ' (single step mode)' : ''
      const why = running || status === 'paused' ? '' : ` (${status})`
      print(`VM status: ${running ? 'running' : 'paused'}${step}${why}\n`)
    },
  }),
  name: topic({
    args: '',
    params: '',
    help: 'show the current VM name',
    async run({ qmp, print }) {
      const { name } = await qmp('query-name')
      if (name !== undefined) print(`${name}\n`)
    },
  }),
  uuid: topic({
    args: '',
    params: '',
    help: 'show the current VM UUID',
    run: async ({ qmp, print }) => print(`${(await qmp('query-uuid')).UUID}\n`),
  }),
  'vm-generation-id': topic({
    args: '',
    params: '',
    help: 'Show Virtual Machine Generation ID',
    run: async ({ qmp, print }) => print(`${(await qmp('query-vm-generation-id')).guid}\n`),
  }),
  kvm: topic({
    args: '',
    params: '',
    help: 'show KVM information',
    async run({ qmp, print }) {
      const { present, enabled } = await qmp('query-kvm')
      print(`kvm support: ${present ? (enabled ? 'enabled' : 'disabled') : 'not compiled'}\n`)
    },
  }),
  history: topic({
    args: '',
    params: '',
    help: 'show the command line history',
    run({ monitor, print }) {
      for (const [index, line] of monitor.history.entries()) print(`${index}: '${line}'\n`)
    },
  }),
  chardev: topic({
    args: '',
    params: '',
    help: 'show the character devices',
    async run({ qmp, print }) {
      for (const { label, filename } of await qmp('query-chardev')) print(`${label}: filename=${filename}\n`)
    },
  }),
  mice: topic({
    args: '',
    params: '',
    help: 'show which guest mouse is receiving events',
    async run({ qmp, print }) {
      const mice = await qmp('query-mice')
      if (mice.length === 0) throw new HmpError('No mouse devices connected')
      for (const { name, index, current, absolute } of mice)
        print(`${current ? '*' : ' '} Mouse #${index}: ${name}${absolute ? ' (absolute)' : ''}\n`)
    },
  }),
}
