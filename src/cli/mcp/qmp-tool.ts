import { print } from '../../json/index.ts'
import { any, opt, req, str } from '../../qapi/index.ts'
import { machine, tool } from './needs.ts'

/** Commands that only ask, or do what a tool does: none of them names a file of the host. */
const harmless = [
  'query-*',
  'qom-list',
  'qom-get',
  'qom-list-types',
  'qom-list-properties',
  'device-list-properties',
  'stop',
  'cont',
  'system_reset',
  'system_powerdown',
  'system_wakeup',
  'send-key',
  'input-send-event',
  'inject-nmi',
  'set-action',
  'set_link',
  'balloon',
]

/** Whether a list of names, of which some end in *, has a command. */
export function allows(list: readonly string[], command: string): boolean {
  return list.some((name) => (name.endsWith('*') ? command.startsWith(name.slice(0, -1)) : command === name))
}

export const qmpTool = tool({
  name: 'qmp',
  doc: `Run a command of QMP, the protocol of QEMU, for what no other tool does. Allowed are ${harmless.join(', ')}, and what the user of this server has allowed.`,
  args: {
    machine,
    command: req(str, 'name of the command'),
    arguments: opt(any, 'its arguments, an object'),
  },
  async run({ machines, options }, { machine: name, command, arguments: args }, { signal }) {
    if (!allows([...harmless, ...options.allowQmp], command))
      throw new Error(`${command} is not allowed: the server was not started with --allow-qmp ${command}`)
    if (args !== undefined && (typeof args !== 'object' || args === null)) throw new Error('arguments are an object')
    return print((await machines.find(name).vm.qmp.executeAny(command, args as object, { signal })) as never)
  },
})
