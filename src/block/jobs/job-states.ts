import { QmpError } from '../../qapi/index.ts'

/** Where a job stands (QAPI's JobStatus), in the order of the schema. */
export const jobStatuses = [
  'undefined',
  'created',
  'running',
  'paused',
  'ready',
  'standby',
  'waiting',
  'pending',
  'aborting',
  'concluded',
  'null',
] as const
export type JobStatus = (typeof jobStatuses)[number]

/** What users ask of a job. */
export type JobVerb = 'cancel' | 'pause' | 'resume' | 'set-speed' | 'complete' | 'finalize' | 'dismiss'

/** Where a job can go from where it stands. */
const moves: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  undefined: ['created'],
  created: ['running', 'aborting', 'null'],
  running: ['paused', 'ready', 'waiting', 'aborting'],
  paused: ['running'],
  ready: ['standby', 'waiting', 'aborting'],
  standby: ['ready'],
  waiting: ['pending', 'aborting'],
  pending: ['aborting', 'concluded'],
  aborting: ['aborting', 'concluded'],
  concluded: ['null'],
  null: [],
}

const active: readonly JobStatus[] = ['created', 'running', 'paused', 'ready', 'standby']

/** Where a job takes what users ask of it. */
const verbs: Readonly<Record<JobVerb, readonly JobStatus[]>> = {
  cancel: [...active, 'waiting', 'pending'],
  pause: active,
  resume: active,
  'set-speed': active,
  complete: ['ready', 'standby'],
  finalize: ['pending'],
  dismiss: ['concluded'],
}

/** @throws {Error} if no job can go there from where it stands: a bug */
export function checkMove(id: string, from: JobStatus, to: JobStatus): void {
  if (!moves[from].includes(to)) {
    throw new Error(`job '${id}' is ${from}, from where it can go to ${moves[from].join(', ')}, not to ${to}`)
  }
}

/** @throws {QmpError} GenericError, if a job in that state does not take it */
export function checkVerb(id: string, status: JobStatus, verb: JobVerb): void {
  if (verbs[verb].includes(status)) return
  throw new QmpError('GenericError', `Job '${id}' in state '${status}' cannot accept command verb '${verb}'`)
}

/** Whether its work is done, in whichever way. */
export function isCompleted(status: JobStatus): boolean {
  return !active.includes(status)
}
