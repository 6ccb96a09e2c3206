/** States of a connection (RFC 9293, 3.3.2), as it has them on our side. */
export type TcpState =
  /** The guest wants it; whether the other side does is being found out. */
  | 'opening'
  | 'syn-sent'
  | 'syn-received'
  | 'established'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'closing'
  | 'time-wait'
  | 'close-wait'
  | 'last-ack'
  | 'closed'

type Move = 'opened' | 'end-sent' | 'end-received' | 'end-acknowledged'

const moves: Record<Move, Partial<Record<TcpState, TcpState>>> = {
  opened: { 'syn-sent': 'established', 'syn-received': 'established' },
  'end-sent': { 'syn-received': 'fin-wait-1', established: 'fin-wait-1', 'close-wait': 'last-ack' },
  'end-received': { established: 'close-wait', 'fin-wait-1': 'closing', 'fin-wait-2': 'time-wait' },
  'end-acknowledged': { 'fin-wait-1': 'fin-wait-2', closing: 'time-wait', 'last-ack': 'closed' },
}

/** @throws {Error} if that cannot happen in this state */
export function moved(state: TcpState, move: Move): TcpState {
  const next = moves[move][state]
  if (next === undefined)
    throw new Error(`'${move}' cannot happen to a connection that is ${state}, only to ${Object.keys(moves[move])}`)
  return next
}

/** Whether the other side can yet send. */
export function receives(state: TcpState): boolean {
  return state === 'established' || state === 'fin-wait-1' || state === 'fin-wait-2'
}

/** Whether we may yet be given something to send. */
export function takes(state: TcpState): boolean {
  return state === 'syn-sent' || state === 'syn-received' || state === 'established' || state === 'close-wait'
}
