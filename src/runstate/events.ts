import { bool, event, int, oneOf, req, str } from '../qapi/index.ts'
import { WatchdogAction } from './actions.ts'
import { guestPanic } from './guest-panic.ts'

/** Why a reset or a shutdown happened (QAPI ShutdownCause). */
export const ShutdownCause = oneOf('ShutdownCause', [
  'none',
  'host-error',
  'host-qmp-quit',
  'host-qmp-system-reset',
  'host-signal',
  'host-ui',
  'guest-shutdown',
  'guest-reset',
  'guest-panic',
  'subsystem-reset',
  'snapshot-load',
])

const cause = {
  guest: req(bool, 'true if the guest asked for it, false if the host did'),
  reason: req(ShutdownCause, 'what asked for it'),
}

/** Events of the run state: declared here because this room emits them. */
export const runStateEvents = {
  SHUTDOWN: event({
    since: '0.12',
    doc: 'The machine has shut down: the guest switched itself off, or a host-side request ended it. With -no-shutdown a STOP event follows, else the process ends.',
    data: cause,
    examples: [
      '{ "event": "SHUTDOWN", "data": { "guest": true, "reason": "guest-shutdown" }, "timestamp": { "seconds": 1267040730, "microseconds": 682951 } }',
    ],
  }),
  POWERDOWN: event({
    since: '0.12',
    doc: 'The power button was pressed: the guest is asked to shut down.',
    examples: ['{ "event": "POWERDOWN", "timestamp": { "seconds": 1267040730, "microseconds": 682951 } }'],
  }),
  RESET: event({
    since: '0.12',
    doc: 'The machine was reset.',
    data: cause,
    examples: [
      '{ "event": "RESET", "data": { "guest": false, "reason": "host-qmp-system-reset" }, "timestamp": { "seconds": 1267041653, "microseconds": 9518 } }',
    ],
  }),
  STOP: event({
    since: '0.12',
    doc: 'The machine has stopped running.',
    examples: ['{ "event": "STOP", "timestamp": { "seconds": 1267041730, "microseconds": 281295 } }'],
  }),
  RESUME: event({
    since: '0.12',
    doc: 'The machine has started, or goes on running.',
    examples: ['{ "event": "RESUME", "timestamp": { "seconds": 1271770767, "microseconds": 582542 } }'],
  }),
  SUSPEND: event({
    since: '1.1',
    doc: 'The guest has gone to sleep (ACPI S3).',
    examples: ['{ "event": "SUSPEND", "timestamp": { "seconds": 1344456160, "microseconds": 309119 } }'],
  }),
  SUSPEND_DISK: event({
    since: '1.2',
    doc: 'The guest wants to hibernate (ACPI S4); a SHUTDOWN event follows.',
    examples: ['{ "event": "SUSPEND_DISK", "timestamp": { "seconds": 1344456160, "microseconds": 309119 } }'],
  }),
  WAKEUP: event({
    since: '1.1',
    doc: 'The guest has woken up from sleep (ACPI S3).',
    examples: ['{ "event": "WAKEUP", "timestamp": { "seconds": 1344522075, "microseconds": 745528 } }'],
  }),
  WATCHDOG: event({
    since: '0.13',
    doc: 'The guest has not fed its watchdog in time. What follows is told by events of its own.',
    data: { action: req(WatchdogAction, 'what is done now') },
    rate: 1000,
    examples: [
      '{ "event": "WATCHDOG", "data": { "action": "reset" }, "timestamp": { "seconds": 1267061043, "microseconds": 959568 } }',
    ],
  }),
  GUEST_PANICKED: event({
    since: '1.5',
    doc: "The guest's operating system has told that it has panicked.",
    data: guestPanic,
    examples: [
      '{ "event": "GUEST_PANICKED", "data": { "action": "pause" }, "timestamp": { "seconds": 1648245231, "microseconds": 900001 } }',
    ],
  }),
  GUEST_CRASHLOADED: event({
    since: '5.0',
    doc: "The guest's operating system has told that its kernel for crashes takes over; it goes on running.",
    data: guestPanic,
    examples: [
      '{ "event": "GUEST_CRASHLOADED", "data": { "action": "run" }, "timestamp": { "seconds": 1648245259, "microseconds": 893771 } }',
    ],
  }),
  RTC_CHANGE: event({
    since: '0.14',
    doc: 'The guest has set its clock.',
    data: {
      offset: req(int, "by how many seconds the guest's clock goes before the host's, in UTC"),
      'qom-path': req(str, 'where the clock stands in the tree of objects'),
    },
    rate: 1000,
    examples: [
      '{ "event": "RTC_CHANGE", "data": { "offset": 78, "qom-path": "/machine/unattached/device[10]" }, "timestamp": { "seconds": 1267020223, "microseconds": 435656 } }',
    ],
  }),
}
