import { int, memberAt, opt, root, struct } from '../../qapi/index.ts'
import type { ClassAccess } from '../../qom/index.ts'
import { type ObjectKind, refused } from '../object-kind.ts'

/** What query-iothreads tells of one. */
export interface IothreadInfo {
  readonly id: string
  readonly 'thread-id': number
  readonly 'poll-max-ns': number | bigint
  readonly 'poll-grow': number | bigint
  readonly 'poll-shrink': number | bigint
  readonly 'aio-max-batch': number | bigint
}

const defaults = {
  'aio-max-batch': 0,
  'thread-pool-min': 0,
  'thread-pool-max': 64,
  'poll-max-ns': 32768,
  'poll-grow': 0,
  'poll-shrink': 0,
} as const
type Name = keyof typeof defaults

const largest = 2n ** 63n - 1n
const largestPool = 2 ** 31 - 1
const options = struct('IothreadProperties', {
  'aio-max-batch': opt(int.wide, 'how many requests are given to the system at once'),
  'thread-pool-min': opt(int.wide, 'how many threads there are at least'),
  'thread-pool-max': opt(int.wide, 'how many threads there are at most'),
  'poll-max-ns': opt(int.wide, 'how long it looks for work before it sleeps'),
  'poll-grow': opt(int.wide, 'how it looks longer'),
  'poll-shrink': opt(int.wide, 'how it looks shorter'),
})

/**
 * A thread that serves devices in QEMU. Here the main thread serves all of them: it is a name that devices can be given,
 * and its numbers are remembered. Its thread is the process's.
 */
export const iothread: ObjectKind<Partial<Record<Name, number | bigint>>> = {
  options,
  make(said, id) {
    const values: Record<Name, number | bigint> = { ...defaults }
    const set = (name: Name, value: number | bigint): void => {
      if (value < 0) refused(`${name} value must be in range [0, ${largest}]`)
      const changed = { ...values, [name]: value }
      const { 'thread-pool-min': fewest, 'thread-pool-max': most } = changed
      if (most < fewest || most === 0 || fewest > largestPool || most > largestPool)
        refused('bad thread-pool-min/thread-pool-max values')
      values[name] = value
    }
    const accessTo = (name: Name): ClassAccess => ({
      get: () => values[name],
      set: (value) => set(name, int.wide.decode(value, memberAt(root, name))),
    })
    // Both ends of the pool are set before they are compared.
    const { 'thread-pool-max': most, ...others } = said
    if (most !== undefined) set('thread-pool-max', most)
    for (const [name, value] of Object.entries(others)) if (value !== undefined) set(name as Name, value)
    const names = Object.keys(defaults) as Name[]
    return {
      access: Object.fromEntries(names.map((name) => [name, accessTo(name)])),
      info: (): IothreadInfo => ({
        id,
        'thread-id': process.pid,
        'poll-max-ns': values['poll-max-ns'],
        'poll-grow': values['poll-grow'],
        'poll-shrink': values['poll-shrink'],
        'aio-max-batch': values['aio-max-batch'],
      }),
    }
  },
}
