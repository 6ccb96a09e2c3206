import { WatchdogAction } from '../../runstate/index.ts'
import { matching, nothing } from '../complete.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'
import { wordOf } from '../word-of.ts'

const command = hmpFamily<{
  cpus: { readonly count: number }
}>()

/** Running, stopping and resetting the machine. */
export const runCommands = {
  quit: command({
    aliases: ['q'],
    args: '',
    params: '',
    help: 'quit the emulator',
    run: async ({ qmp }) => void (await qmp('quit')),
  }),
  stop: command({
    aliases: ['s'],
    args: '',
    params: '',
    help: 'stop emulation',
    run: async ({ qmp }) => void (await qmp('stop')),
  }),
  cont: command({
    aliases: ['c'],
    args: '',
    params: '',
    help: 'resume emulation',
    run: async ({ qmp }) => void (await qmp('cont')),
  }),
  system_reset: command({
    args: '',
    params: '',
    help: 'reset the system',
    run: async ({ qmp }) => void (await qmp('system_reset')),
  }),
  system_powerdown: command({
    args: '',
    params: '',
    help: 'send system power down event',
    run: async ({ qmp }) => void (await qmp('system_powerdown')),
  }),
  system_wakeup: command({
    args: '',
    params: '',
    help: 'wakeup guest from suspend',
    run: async ({ qmp }) => void (await qmp('system_wakeup')),
  }),
  nmi: command({
    args: '',
    params: '',
    help: 'inject an NMI',
    run: async ({ qmp }) => void (await qmp('inject-nmi')),
  }),
  cpu: command({
    args: 'index:i',
    params: 'index',
    help: 'set the default CPU',
    run({ parts, monitor }, { index }) {
      if (index >= BigInt(parts.cpus.count)) throw new HmpError('invalid CPU index')
      monitor.cpuIndex = Number(index)
    },
  }),
  watchdog_action: command({
    args: 'action:s',
    params: '[reset|shutdown|poweroff|pause|debug|none]',
    help: 'change watchdog action',
    complete: (word, place) => (place === 1 ? matching(word, WatchdogAction.words) : nothing),
    async run({ qmp }, { action }) {
      await qmp('watchdog-set-action', { action: wordOf(WatchdogAction, action.toLowerCase()) })
    },
  }),
}
