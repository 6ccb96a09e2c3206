import { type LogControl, namedItems } from '../../log/index.ts'
import { QmpError } from '../../qapi/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'
import { logItemsText } from '../log-items-text.ts'
import { checkEvent } from '../trace-event.ts'

const command = hmpFamily<{
  cpus: { readonly count: number }
  logControl: LogControl | undefined
}>()

/** Watching the emulator at work; most of it cannot be had here, and is refused by name. */
export const tracingCommands = {
  log: command({
    args: 'items:s',
    params: 'item1[,...]',
    help: 'activate logging of the specified items',
    run({ parts, print }, { items }) {
      const control = controlOf(parts.logControl)
      const named = namedItems(items === 'none' ? [] : items.split(','), control.items)
      if ('items' in named) control.select(named.items)
      else print(logItemsText(control.items))
    },
  }),
  logfile: command({
    args: 'filename:F',
    params: 'filename',
    help: "output logs to 'filename'",
    run({ parts }, { filename }) {
      const complaint = controlOf(parts.logControl).redirect(filename)
      if (complaint !== undefined) throw new HmpError(complaint)
    },
  }),
  gdbserver: command({
    args: 'device:s?',
    params: '[device]',
    help: "start gdbserver on given device (default 'tcp::1234'), stop with 'none'",
    run({ print, parts: { cpus } }, { device = 'tcp::1234' }) {
      if (cpus.count === 0) print('gdbstub: meaningless to attach gdb to a machine without any CPU.\n')
      if (device !== 'none' || cpus.count === 0) throw new HmpError(`Could not open gdbserver on device '${device}'`)
      print('Disabled gdbserver\n')
    },
  }),
  singlestep: command({
    args: 'option:s?',
    params: '[on|off]',
    help: 'run emulation in singlestep mode or switch to normal mode',
    run(_call, { option = 'on' }) {
      if (option === 'off') return
      if (option !== 'on') throw new HmpError(`unexpected option ${option}`)
      throw new QmpError('GenericError', 'the emulated processor has no singlestep mode')
    },
  }),
  'sync-profile': command({
    args: 'op:s?',
    params: '[on|off|reset]',
    help: 'enable, disable or reset synchronization profiling. With no arguments, prints whether profiling is on or off.',
    run({ print }, { op }) {
      if (op === undefined) print('sync-profile is off\n')
      else if (op === 'on') throw new QmpError('GenericError', 'there is no synchronization that could be profiled')
      else if (op !== 'off' && op !== 'reset') throw new QmpError('GenericError', `Invalid parameter '${op}'`)
    },
  }),
  'trace-event': command({
    args: 'name:s,option:b,vcpu:i?',
    params: 'name on|off [vcpu]',
    help: 'changes status of a specific trace event (vcpu: vCPU to set, default is all)',
    run: ({ parts: { cpus } }, { name, vcpu }) => checkEvent(name, vcpu, cpus.count),
  }),
}

/** @throws {QmpError} if the log is not this program's to change */
function controlOf(control: LogControl | undefined): LogControl {
  if (control === undefined) throw new QmpError('GenericError', 'the log belongs to the program that runs the machine')
  return control
}
