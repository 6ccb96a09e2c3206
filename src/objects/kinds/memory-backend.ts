import {
  bool,
  list,
  memberAt,
  oneOf,
  opt,
  QmpError,
  req,
  root,
  size,
  str,
  struct,
  uint16,
  uint32,
} from '../../qapi/index.ts'
import { type ClassAccess, remembered } from '../../qom/index.ts'
import { type MadeObject, type ObjectKind, refused, unchanging } from '../object-kind.ts'

const policies = oneOf('HostMemPolicy', ['default', 'preferred', 'bind', 'interleave'])

/** What can be said of any. */
export interface MemoryOptions {
  readonly size: number
  readonly dump?: boolean
  readonly 'host-nodes'?: readonly number[]
  readonly merge?: boolean
  readonly policy?: string
  readonly prealloc?: boolean
  readonly 'prealloc-threads'?: number
  readonly 'prealloc-context'?: string
  readonly share?: boolean
  readonly reserve?: boolean
  readonly 'x-use-canonical-path-for-ramblock-id'?: boolean
}

/** What query-memdev tells of one. */
export interface MemoryBackendInfo {
  readonly id: string
  readonly size: number
  readonly merge: boolean
  readonly dump: boolean
  readonly prealloc: boolean
  readonly share: boolean
  readonly reserve: boolean
  readonly 'host-nodes': readonly number[]
  readonly policy: string
}

export const memoryOptions = {
  dump: opt(bool, 'whether it is part of core dumps'),
  'host-nodes': opt(list(uint16), 'the nodes of the host that it is on'),
  merge: opt(bool, 'whether equal pages may be one'),
  policy: opt(policies, 'how it is spread over nodes'),
  prealloc: opt(bool, 'whether it is taken at once'),
  'prealloc-threads': opt(uint32, 'how many threads take it'),
  'prealloc-context': opt(str, 'what makes these threads'),
  share: opt(bool, 'whether others can share it'),
  reserve: opt(bool, 'whether the host keeps room for it'),
  size: req(size, 'how many bytes'),
  'x-use-canonical-path-for-ramblock-id': opt(bool, 'by which name migration knows it'),
}

/**
 * Memory of the host. Guest RAM is an array of this program: what is said of memory makes no difference to that. It is
 * remembered, as far as QEMU lets it be set of memory that is there.
 */
export const memoryBackendRam: ObjectKind<MemoryOptions> = {
  options: struct('MemoryBackendProperties', memoryOptions) as ObjectKind<MemoryOptions>['options'],
  make: (said, id) => memoryBackend('memory-backend-ram', said, id),
}

/** Bytes that a process can have at most. */
const addressSpace = 2 ** 47

/** What every kind of memory has: its properties, their checks, what query-memdev tells. */
export function memoryBackend(
  type: string,
  said: MemoryOptions,
  id: string,
): MadeObject & { complete(): void; info(): MemoryBackendInfo } {
  if (said.size === 0) refused(`property 'size' of ${type} doesn't take value '0'`)
  if (said.size > addressSpace) refused(`cannot set up guest memory '${id}': Cannot allocate memory`)
  const threads = threadsOf(type, said['prealloc-threads'])
  const { policy = 'default', 'host-nodes': nodes = [] } = said
  const fixed = 'cannot change property value'
  const access = {
    size: unchanging(said.size, `cannot change property size of ${type} `),
    share: unchanging(said.share ?? false, fixed, ['share', bool]),
    reserve: unchanging(said.reserve ?? true, fixed, ['reserve', bool]),
    merge: remembered('merge', bool, said.merge ?? true),
    dump: remembered('dump', bool, said.dump ?? true),
    prealloc: remembered('prealloc', bool, said.prealloc ?? false),
    'prealloc-threads': threads,
    policy: remembered<string>('policy', policies, policy),
    'host-nodes': remembered<readonly number[]>('host-nodes', list(uint16), nodes),
    'x-use-canonical-path-for-ramblock-id': remembered(
      'x-use-canonical-path-for-ramblock-id',
      bool,
      said['x-use-canonical-path-for-ramblock-id'] ?? false,
    ),
    'prealloc-context': { target: () => undefined, set: (value: unknown) => void noContext(value) },
  }
  const read = (name: Exclude<keyof typeof access, 'prealloc-context'>): any =>
    (access[name] as { get(): unknown }).get()
  return {
    access,
    complete() {
      if (nodes.length > 0 && policy === 'default')
        refused(
          'host-nodes must be empty for policy default, or you should explicitly specify a policy other than default',
        )
      if (nodes.length === 0 && policy !== 'default') refused(`host-nodes must be set for policy ${policy}`)
    },
    info: (): MemoryBackendInfo => ({
      id,
      size: read('size'),
      merge: read('merge'),
      dump: read('dump'),
      prealloc: read('prealloc'),
      share: read('share'),
      reserve: read('reserve'),
      'host-nodes': read('host-nodes'),
      policy: read('policy'),
    }),
  }
}

/** How many threads take the memory; none would not. */
function threadsOf(type: string, said = 1): ClassAccess {
  const name = 'prealloc-threads'
  const checked = (count: number): number =>
    count === 0 ? refused(`property '${name}' of ${type} doesn't take value '0'`) : count
  let count = checked(said)
  return {
    get: () => count,
    set: (wanted) => {
      count = checked(uint32.decode(wanted, memberAt(root, name)))
    },
  }
}

function noContext(value: unknown): void {
  const name = str.decode(value, memberAt(root, 'prealloc-context'))
  if (name !== '') throw new QmpError('DeviceNotFound', `Device '${name}' not found`)
}
