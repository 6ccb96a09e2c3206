import type { JobSet } from '../block/index.ts'
import type { BlockExports } from '../nbd-server/index.ts'
import { bool, example, family, nothing, oneOf, opt, req, struct } from '../qapi/index.ts'
import {
  PanicAction,
  RebootAction,
  type RunControl,
  runStates,
  ShutdownAction,
  WatchdogAction,
} from '../runstate/index.ts'

const command = family<{
  runControl: Pick<
    RunControl,
    'state' | 'running' | 'cont' | 'stop' | 'reset' | 'powerdown' | 'wakeup' | 'setActions' | 'quit'
  >
  exports: Pick<BlockExports, 'close'>
  jobs: Pick<JobSet, 'end'>
}>()

export const RunState = oneOf('RunState', runStates)

const StatusInfo = struct('StatusInfo', {
  running: req(bool, 'true if the CPU runs'),
  singlestep: req(bool, 'true if the CPU executes one instruction at a time; this machine never does'),
  status: req(RunState, 'the run state'),
})

/** Starting, stopping, resetting and ending the machine. */
export const runCommands = {
  'query-status': command({
    since: '0.14',
    doc: 'Tell the run state of the machine.',
    args: {},
    returns: StatusInfo,
    examples: [
      example(
        'a machine started with -S',
        `
        -> { "execute": "query-status" }
        <- { "return": { "status": "prelaunch", "singlestep": false, "running": false } }`,
      ),
    ],
    preconfig: true,
    run({ runControl }) {
      return { running: runControl.running, singlestep: false, status: runControl.state }
    },
  }),

  quit: command({
    since: '0.14',
    doc: 'End the machine and the process that runs it, whatever -no-shutdown says.',
    args: {},
    returns: nothing,
    emits: ['SHUTDOWN'],
    examples: [
      example(
        'the connection ends after the reply',
        `
        -> { "execute": "quit" }
        <- { "timestamp": { "seconds": 1795404663, "microseconds": 641823 }, "event": "SHUTDOWN", "data": { "guest": false, "reason": "host-qmp-quit" } }
        <- { "return": {} }`,
      ),
    ],
    preconfig: true,
    async run({ runControl, exports, jobs }) {
      runControl.quit('host-qmp-quit')
      await exports.close()
      await jobs.end(runControl)
      return {}
    },
  }),

  stop: command({
    since: '0.14',
    doc: 'Stop the CPU and the guest clock. Does nothing if the machine does not run.',
    args: {},
    returns: nothing,
    emits: ['STOP'],
    examples: [
      example(
        'stop a machine that runs',
        `
        -> { "execute": "cont" }
        <- { "timestamp": { "seconds": 1795404663, "microseconds": 641823 }, "event": "RESUME" }
        <- { "return": {} }
        -> { "execute": "stop" }
        <- { "timestamp": { "seconds": 1795404663, "microseconds": 641823 }, "event": "STOP" }
        <- { "return": {} }`,
      ),
    ],
    async run({ runControl }) {
      await runControl.stop()
      return {}
    },
  }),

  cont: command({
    since: '0.14',
    doc: 'Let the machine run, or go on. Does nothing if it runs already, or sleeps.',
    args: {},
    returns: nothing,
    emits: ['RESUME'],
    errors: ['GenericError, if only a reset can help: after a shutdown under -no-shutdown, or in state internal-error'],
    examples: [
      example(
        'let the machine run',
        `
        -> { "execute": "cont" }
        <- { "timestamp": { "seconds": 1795404663, "microseconds": 641823 }, "event": "RESUME" }
        <- { "return": {} }`,
      ),
    ],
    async run({ runControl }) {
      await runControl.cont()
      return {}
    },
  }),

  system_reset: command({
    since: '0.14',
    doc: 'Press the reset button. A machine that does not run is in state prelaunch afterwards.',
    args: {},
    returns: nothing,
    emits: ['RESET', 'SHUTDOWN'],
    examples: [
      example(
        'reset',
        `
        -> { "execute": "system_reset" }
        <- { "timestamp": { "seconds": 1795404663, "microseconds": 641823 }, "event": "RESET", "data": { "guest": false, "reason": "host-qmp-system-reset" } }
        <- { "return": {} }`,
      ),
    ],
    async run({ runControl }) {
      await runControl.reset('host-qmp-system-reset')
      return {}
    },
  }),

  system_powerdown: command({
    since: '0.14',
    doc: 'Press the power button: the guest is asked to shut down, and may ignore it.',
    args: {},
    returns: nothing,
    emits: ['POWERDOWN'],
    examples: [
      example(
        'press the button',
        `
        -> { "execute": "cont" }
        <- { "timestamp": { "seconds": 1795404663, "microseconds": 641823 }, "event": "RESUME" }
        <- { "return": {} }
        -> { "execute": "system_powerdown" }
        <- { "timestamp": { "seconds": 1795404663, "microseconds": 641823 }, "event": "POWERDOWN" }
        <- { "return": {} }`,
      ),
    ],
    async run({ runControl }) {
      await runControl.powerdown()
      return {}
    },
  }),

  system_wakeup: command({
    since: '1.1',
    doc: 'Wake the guest from sleep (ACPI S3).',
    args: {},
    returns: nothing,
    emits: ['WAKEUP'],
    errors: ['GenericError, if the guest does not sleep'],
    examples: [
      example(
        'a guest that is awake',
        `
        -> { "execute": "system_wakeup" }
        <- { "error": { "class": "GenericError", "desc": "Unable to wake up: guest is not in suspended state" } }`,
      ),
    ],
    async run({ runControl }) {
      await runControl.wakeup()
      return {}
    },
  }),

  'set-action': command({
    since: '6.0',
    doc: 'Change what is done when the guest resets, shuts down, panics or does not feed its watchdog; what is not named stays.',
    args: {
      reboot: opt(RebootAction, 'what a reset request does'),
      shutdown: opt(ShutdownAction, 'what a shutdown request does'),
      panic: opt(PanicAction, 'what a panic of the guest does'),
      watchdog: opt(WatchdogAction, 'what a watchdog does that was not fed'),
    },
    returns: nothing,
    examples: [
      example(
        'a guest that switches itself off is kept',
        `
        -> { "execute": "set-action", "arguments": { "reboot": "shutdown", "shutdown": "pause", "panic": "pause", "watchdog": "inject-nmi" } }
        <- { "return": {} }`,
      ),
    ],
    preconfig: true,
    run({ runControl }, actions) {
      runControl.setActions(actions)
      return {}
    },
  }),

  'watchdog-set-action': command({
    since: '2.11',
    doc: 'Change what is done when the guest does not feed its watchdog.',
    args: { action: req(WatchdogAction, 'what is to be done') },
    returns: nothing,
    examples: [
      example(
        'reset',
        `
        -> { "execute": "watchdog-set-action", "arguments": { "action": "reset" } }
        <- { "return": {} }`,
      ),
    ],
    run({ runControl }, { action }) {
      runControl.setActions({ watchdog: action })
      return {}
    },
  }),
}
