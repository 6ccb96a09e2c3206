/** Every run state of the protocol (QAPI RunState, QEMU 7.2), in the order of its declaration. */
export const runStates = [
  'debug',
  'inmigrate',
  'internal-error',
  'io-error',
  'paused',
  'postmigrate',
  'prelaunch',
  'finish-migrate',
  'restore-vm',
  'running',
  'save-vm',
  'shutdown',
  'suspended',
  'watchdog',
  'guest-panicked',
  'colo',
] as const

export type RunState = (typeof runStates)[number]

/**
 * The moves that are legal; anything else is a bug in the caller.
 *
 * They are QEMU's, and one more: a board in a worker thread can fail while it stands still, so `internal-error` can also
 * be reached from `paused`, `prelaunch` and `suspended`.
 */
const moves: Readonly<Record<RunState, readonly RunState[]>> = {
  debug: ['running', 'suspended', 'finish-migrate', 'prelaunch'],
  inmigrate: [
    'running',
    'paused',
    'internal-error',
    'io-error',
    'shutdown',
    'suspended',
    'watchdog',
    'guest-panicked',
    'finish-migrate',
    'prelaunch',
    'postmigrate',
    'colo',
  ],
  'internal-error': ['paused', 'finish-migrate', 'prelaunch'],
  'io-error': ['running', 'finish-migrate', 'prelaunch'],
  paused: ['running', 'finish-migrate', 'postmigrate', 'prelaunch', 'colo', 'internal-error'],
  postmigrate: ['running', 'finish-migrate', 'prelaunch'],
  prelaunch: ['running', 'finish-migrate', 'inmigrate', 'internal-error'],
  'finish-migrate': ['running', 'paused', 'postmigrate', 'prelaunch', 'colo'],
  'restore-vm': ['running', 'prelaunch'],
  running: [
    'debug',
    'internal-error',
    'io-error',
    'paused',
    'finish-migrate',
    'restore-vm',
    'save-vm',
    'shutdown',
    'watchdog',
    'suspended',
    'guest-panicked',
    'colo',
  ],
  'save-vm': ['running'],
  shutdown: ['paused', 'finish-migrate', 'prelaunch', 'colo'],
  suspended: ['running', 'finish-migrate', 'prelaunch', 'colo', 'internal-error'],
  watchdog: ['running', 'finish-migrate', 'prelaunch', 'colo'],
  'guest-panicked': ['running', 'finish-migrate', 'prelaunch'],
  colo: ['running', 'prelaunch', 'shutdown'],
}

/** An illegal move between run states: always a bug, never the client's fault. */
export class RunStateError extends Error {
  override readonly name = 'RunStateError'
  readonly from: RunState
  readonly to: RunState
  readonly legal: readonly RunState[]

  constructor(from: RunState, to: RunState) {
    super(`illegal run state transition: '${from}' -> '${to}' (from here: ${moves[from].join(', ')})`)
    this.from = from
    this.to = to
    this.legal = moves[from]
  }
}

/**
 * The state after a move. Staying is always legal.
 *
 * @throws {RunStateError} if the move is illegal
 */
export function move(from: RunState, to: RunState): RunState {
  if (!canMove(from, to)) throw new RunStateError(from, to)
  return to
}

/** Whether a move is legal. */
export function canMove(from: RunState, to: RunState): boolean {
  return from === to || moves[from].includes(to)
}

/** The states that only a reset can leave: `cont` is refused there. */
export function needsReset(state: RunState): boolean {
  return state === 'internal-error' || state === 'shutdown'
}
