/**
 * Who owns running work: scopes that end what they own, bounded queues that are read with `for await`, deadlines.
 * Knows nothing of the rest of the house, and nothing of Node: only what every JavaScript platform has.
 */
export { BoundedQueue, type BoundedQueueOptions } from './bounded-queue.ts'
export { DeadlineError, deadline } from './deadline.ts'
export { type Deferred, deferred } from './deferred.ts'
export { pause } from './pause.ts'
export { type Ender, Scope } from './scope.ts'
export { untilAborted } from './until-aborted.ts'
