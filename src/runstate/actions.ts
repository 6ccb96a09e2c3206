import { type Infer, oneOf } from '../qapi/index.ts'

/** What a reset request does (QAPI RebootAction). */
export const RebootAction = oneOf('RebootAction', ['reset', 'shutdown'])

/** What a shutdown request does (QAPI ShutdownAction). */
export const ShutdownAction = oneOf('ShutdownAction', ['poweroff', 'pause'])

/** What a panic of the guest does (QAPI PanicAction). */
export const PanicAction = oneOf('PanicAction', ['pause', 'shutdown', 'exit-failure', 'none'])

/** What a watchdog does that the guest has not fed in time (QAPI WatchdogAction). */
export const WatchdogAction = oneOf('WatchdogAction', [
  'reset',
  'shutdown',
  'poweroff',
  'pause',
  'debug',
  'none',
  'inject-nmi',
])

/** What is done when something happens that ends or upsets the guest (`-action`, QMP `set-action`). */
export interface Actions {
  readonly reboot: Infer<typeof RebootAction>
  readonly shutdown: Infer<typeof ShutdownAction>
  readonly panic: Infer<typeof PanicAction>
  readonly watchdog: Infer<typeof WatchdogAction>
}

/** The words for each action. */
export const actionTypes = {
  reboot: RebootAction,
  shutdown: ShutdownAction,
  panic: PanicAction,
  watchdog: WatchdogAction,
} as const

/** What is done if nothing is said. */
export const defaultActions: Actions = { reboot: 'reset', shutdown: 'poweroff', panic: 'shutdown', watchdog: 'reset' }
