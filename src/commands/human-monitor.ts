import { example, family, int, opt, req, str } from '../qapi/index.ts'
import { cpuNumber } from './cpu-number.ts'

const command = family<{
  humanMonitor: {
    /** Runs a line as a monitor with this CPU would, and returns what it prints; lines end in `\r\n`. */
    run(line: string, cpuIndex: number): Promise<string>
  }
  cpus: { readonly count: number }
}>()

/** The human monitor, for clients of QMP. */
export const humanMonitorCommands = {
  'human-monitor-command': command({
    since: '0.14',
    doc: 'Run a command of the human monitor and return what it prints, its failure among it. Nothing but the media that it opens stays from one call to the next.',
    args: {
      'command-line': req(str, 'the command with its arguments'),
      'cpu-index': opt(int.wide, 'the CPU that the command looks at'),
    },
    returns: str,
    features: ['savevm-monitor-nodes'],
    errors: ['GenericError, if there is no such CPU'],
    examples: [
      example(
        'ask for the state',
        `
        -> { "execute": "human-monitor-command", "arguments": { "command-line": "info status" } }
        <- { "return": "VM status: paused (prelaunch)\\r\\n" }`,
      ),
    ],
    async run({ humanMonitor, cpus }, { 'command-line': line, 'cpu-index': index }) {
      return humanMonitor.run(line, index === undefined ? 0 : cpuNumber(index, cpus))
    },
  }),
}
