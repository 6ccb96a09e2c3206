/**
 * The machine's run state: what it may be, how it changes, which events tell of it.
 * Knows the board only as something that runs, pauses and resets; knows nothing of monitors and processes.
 */
export {
  type Actions,
  actionTypes,
  defaultActions,
  PanicAction,
  RebootAction,
  ShutdownAction,
  WatchdogAction,
} from './actions.ts'
export { runStateEvents } from './events.ts'
export { type Cause, type Ending, RunControl, type RunControlOptions, type RunnableBoard } from './run-control.ts'
export { type RunState, runStates } from './run-state.ts'
