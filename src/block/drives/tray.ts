/** A tray that is `open`, `closed`, or `locked` (closed, and the guest wants it so); `open-locked` is a lock set while open. */
export type TrayState = 'closed' | 'locked' | 'open' | 'open-locked'

/** `reset` is what a reset of the machine does to a tray. */
export type TrayMove = 'open' | 'close' | 'lock' | 'unlock' | 'reset'

const transitions: Readonly<Record<TrayState, Readonly<Partial<Record<TrayMove, TrayState>>>>> = {
  closed: { open: 'open', close: 'closed', lock: 'locked', unlock: 'closed', reset: 'closed' },
  locked: { close: 'locked', lock: 'locked', unlock: 'closed', reset: 'closed' },
  open: { open: 'open', close: 'closed', lock: 'open-locked', unlock: 'open', reset: 'closed' },
  'open-locked': { open: 'open-locked', close: 'locked', lock: 'open-locked', unlock: 'open', reset: 'closed' },
}

/** Whether a tray in this state can make this move. */
export function canMoveTray(state: TrayState, move: TrayMove): boolean {
  return transitions[state][move] !== undefined
}

/** The state after a move. @throws {Error} if a locked tray is to open; unlock it first */
export function moveTray(state: TrayState, move: TrayMove): TrayState {
  const next = transitions[state][move]
  if (next === undefined) throw new Error(`a tray that is ${state} does not ${move}`)
  return next
}

/** Whether the medium can be taken out and cannot be read. */
export function isTrayOpen(state: TrayState): boolean {
  return state === 'open' || state === 'open-locked'
}

/** Whether the guest wants the medium to stay. */
export function isTrayLocked(state: TrayState): boolean {
  return state === 'locked' || state === 'open-locked'
}
