import type { ObjectType } from '../qom/index.ts'

const loaded = { name: 'loaded', type: 'bool' } as const

/** Types of objects that users can make, beside those that QEMU's machine has by itself. */
export const objectKindTypes: readonly ObjectType[] = [
  {
    name: 'event-loop-base',
    parent: 'object',
    abstract: true,
    properties: ['thread-pool-min', 'aio-max-batch', 'thread-pool-max'].map((name) => ({ name, type: 'int' })),
  },
  {
    name: 'iothread',
    parent: 'event-loop-base',
    properties: ['poll-max-ns', 'poll-grow', 'poll-shrink'].map((name) => ({ name, type: 'int' })),
  },
  {
    name: 'memory-backend-file',
    parent: 'memory-backend',
    properties: [
      { name: 'readonly', type: 'bool' },
      { name: 'align', type: 'int' },
      { name: 'pmem', type: 'bool' },
      { name: 'mem-path', type: 'string' },
      { name: 'discard-data', type: 'bool' },
    ],
  },
  {
    name: 'netfilter',
    parent: 'object',
    abstract: true,
    properties: [
      { name: 'queue', type: 'NetFilterDirection' },
      ...['netdev', 'insert', 'status', 'position'].map((name) => ({ name, type: 'string' })),
    ],
  },
  {
    name: 'filter-dump',
    parent: 'netfilter',
    properties: [
      { name: 'maxlen', type: 'uint32' },
      { name: 'file', type: 'string' },
    ],
  },
  { name: 'rng-backend', parent: 'object', abstract: true, properties: [{ name: 'opened', type: 'bool' }] },
  { name: 'rng-builtin', parent: 'rng-backend' },
  { name: 'rng-random', parent: 'rng-backend', properties: [{ name: 'filename', type: 'string' }] },
  {
    name: 'tls-creds',
    parent: 'object',
    abstract: true,
    properties: [
      { name: 'endpoint', type: 'QCryptoTLSCredsEndpoint' },
      { name: 'dir', type: 'string' },
      { name: 'verify-peer', type: 'bool' },
      { name: 'priority', type: 'string' },
    ],
  },
  {
    name: 'tls-creds-x509',
    parent: 'tls-creds',
    properties: [{ name: 'sanity-check', type: 'bool' }, { name: 'passwordid', type: 'string' }, loaded],
  },
  { name: 'tls-creds-anon', parent: 'tls-creds', properties: [loaded] },
  { name: 'tls-creds-psk', parent: 'tls-creds', properties: [{ name: 'username', type: 'string' }, loaded] },
  { name: 'authz', parent: 'object', abstract: true },
  { name: 'authz-simple', parent: 'authz', properties: [{ name: 'identity', type: 'string' }] },
  {
    name: 'authz-list',
    parent: 'authz',
    properties: [
      { name: 'policy', type: 'QAuthZListPolicy' },
      { name: 'rules', type: 'QAuthZListRule' },
    ],
  },
]
