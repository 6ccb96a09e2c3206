/** A tray that is `open`, `closed`, or `locked` (closed, and the guest wants it so); `open-locked` is a lock set while open. */
export type TrayState = 'closed' | 'locked' | 'open' | 'open-locked'

export type TrayMove = 'open' | 'close' | 'lock' | 'unlock'

const transitions: Readonly<Record<TrayState, Readonly<Partial<Record<TrayMove, TrayState>>>>> = {
  closed: { open: 'open', close: 'closed', lock: 'locked', unlock: 'closed' },
  locked: { close: 'locked', lock: 'locked', unlock: 'closed' },
  open: { open: 'open', close: 'closed', lock: 'open-locked', unlock: 'open' },
  'open-locked': { open: 'open-locked', close: 'locked', lock: 'open-locked', unlock: 'open' },
}

/** The state after a move. @throws {Error} if a locked tray is to open; unlock it first */
export function moveTray(state: TrayState, move: TrayMove): TrayState {
  const next = transitions[state][move]
  if (next === undefined) throw new Error(`a tray that is ${state} does not ${move}`)
  return next
}
