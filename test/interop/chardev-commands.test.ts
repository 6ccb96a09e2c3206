/** Commands about character devices, the same ones on vmon and on QEMU: what is answered must be equal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seed } from '../drawn-cases.ts'
import { qemu, vmon } from '../oracle/programs.ts'
import { Questions, type Reply } from '../oracle/questions.ts'

const { skip } = qemu
const options = ['-display', 'none', '-nodefaults', '-S']

/** Asks both programs the same; where terminals and ports have numbers, those do not matter. */
async function answers(
  extra: readonly string[],
  requests: readonly object[],
): Promise<[qemu: string[], vmon: string[]]> {
  const ask = async (command: readonly string[]): Promise<string[]> => {
    await using questions = await Questions.to(...command, ...options, ...extra)
    return (await questions.ask(requests)).map(masked)
  }
  return Promise.all([ask(qemu.command), ask(vmon.command)])
}

function masked(reply: Reply): string {
  return JSON.stringify(reply)
    .replace(/\/dev\/pts\/\d+/g, '/dev/pts/N')
    .replace(/:\d{4,5}(?=,)/g, ':PORT')
}

function assertSame(requests: readonly object[], [theirs, ours]: [string[], string[]]): void {
  for (const [index, request] of requests.entries()) assert.equal(ours[index], theirs[index], JSON.stringify(request))
}

const run = (execute: string, args: object = {}) => ({ execute, arguments: args })
const add = (id: unknown, type: unknown, data: unknown = {}) => run('chardev-add', { id, backend: { type, data } })
const change = (id: string, type: string, data: object = {}) => run('chardev-change', { id, backend: { type, data } })
const remove = (...ids: string[]) => ids.map((id) => run('chardev-remove', { id }))
const unix = (path: unknown) => ({ type: 'unix', data: { path } })
const inet = (host: string, port: unknown, more: object = {}) => ({ type: 'inet', data: { host, port, ...more } })
const list = run('query-chardev')

test('devices are made, refused, listed and removed as by QEMU', { skip }, async () => {
  const requests = [
    add('n', 'null'),
    add('n', 'null'),
    ...['1x', '', 'a b'].map((id) => add(id, 'null')),
    add('x', 'bogus'),
    add('x', 5),
    add('x', 'hub'),
    add(5, 'null'),
    add('x', 'null', []),
    add('x', 'null', { x: 1 }),
    add('x', 'console'),
    run('chardev-add', { id: 'x' }),
    run('chardev-add', { id: 'x', backend: 'null' }),
    run('chardev-add', { id: 'x', backend: { type: 'null' } }),
    run('chardev-add', { id: 'x', backend: { type: 'null', data: {}, more: 1 } }),
    ...['file', 'pipe', 'socket', 'udp', 'serial', 'parallel', 'mux', 'spicevmc', 'dbus'].map((type) => add('x', type)),
    ...['ringbuf', 'memory', 'stdio', 'vc', 'pty'].map((type) => add(`t-${type}`, type)),
    add('stdio2', 'stdio'),
    list,
    ...remove('t-ringbuf', 't-memory', 't-stdio', 't-vc', 't-pty', 'nope', 'n', '', 'compat_monitor0'),
    add('f', 'file', { out: '/nonexistent/x' }),
    add('f', 'file', { out: 'o', in: '/nonexistent/x' }),
    add('f', 'file', { out: 5 }),
    add('f', 'file', { out: 'o', append: true }),
    add('p', 'pipe', { device: '/nonexistent/p' }),
    add('p', 'serial', { device: '/nonexistent/p' }),
    add('p', 'parallel', { device: '/nonexistent/p' }),
    ...[0, 1, 7, 8, -1].map((size) => add(`r${size}`, 'ringbuf', { size })),
    add('l', 'null', { logfile: '/nonexistent/l' }),
    add('l', 'null', { logfile: 'l', logappend: true }),
    add('vc', 'vc', { cols: 80, rows: 25 }),
    list,
  ]
  assertSame(requests, await answers([], requests))
})

test('sockets and datagrams are made and refused as by QEMU', { skip }, async () => {
  const socket = (id: string, data: object) => add(id, 'socket', data)
  const requests = [
    socket('s', { addr: unix('/nonexistent/s') }),
    socket('s', { addr: unix(5) }),
    socket('s', { addr: unix('nobody'), server: false }),
    socket('s1', { addr: unix('s1.sock') }),
    socket('s2', { addr: unix('s2.sock'), server: false, wait: true }),
    socket('s2', { addr: unix('s2.sock'), reconnect: 1 }),
    socket('s2', { addr: unix('s2.sock'), server: false, websocket: true }),
    socket('s2', { addr: unix('s2.sock'), 'tls-creds': 'nope' }),
    socket('s2', { addr: unix('s2.sock'), 'tls-authz': 'nope' }),
    socket('s2', { addr: unix('s2.sock'), telnet: true }),
    socket('i', { addr: inet('127.0.0.1', '0') }),
    socket('i2', { addr: inet('127.0.0.1', 5) }),
    socket('i2', { addr: inet('127.0.0.1', '1'), server: false }),
    socket('i2', { addr: inet('127.0.0.1', 'abc') }),
    socket('i2', { addr: inet('127.0.0.1', '0', { ipv4: false }) }),
    socket('i2', { addr: { type: 'inet', data: { host: 'x' } } }),
    socket('i2', { addr: { type: 'inet', host: 'x', port: '1' } }),
    socket('i2', { addr: { type: 'bogus', data: {} } }),
    socket('fd', { addr: { type: 'fd', data: { str: '0' } } }),
    socket('fd', { addr: { type: 'fd', data: { str: '0' } }, reconnect: 1 }),
    add('u1', 'udp', { remote: inet('127.0.0.1', '9') }),
    add('u2', 'udp', { remote: inet('', '9'), local: inet('', '0') }),
    add('u3', 'udp', { remote: unix('x') }),
    add('u3', 'udp', { remote: inet('', '') }),
    list,
    ...remove('s1', 's2', 'i', 'u1', 'u2'),
    list,
  ]
  assertSame(requests, await answers([], requests))
})

test('devices change and are shared as by QEMU', { skip }, async () => {
  const devices = [
    'null,id=n',
    'ringbuf,id=r,size=16',
    'socket,id=s,path=s.sock,server=on,wait=off',
    'null,id=m,mux=on',
  ]
  const extra = [...devices.flatMap((text) => ['-chardev', text]), '-serial', 'chardev:n', '-serial', 'chardev:m']
  const requests = [
    change('nope', 'null'),
    change('n', 'file', { out: '/nonexistent/x' }),
    change('n', 'mux', { chardev: 'r' }),
    change('n', 'file', { out: 'o' }),
    list,
    change('n', 'pty'),
    change('n', 'socket', { addr: unix('c.sock') }),
    change('n', 'ringbuf', { size: 16 }),
    change('s', 'null'),
    change('m', 'null'),
    change('m-base', 'null'),
    change('compat_monitor0', 'null'),
    list,
    change('r', 'ringbuf', { size: 7 }),
    list,
    ...['nope', 'n', 's', 'm', 'compat_monitor0'].map((id) => run('chardev-send-break', { id })),
    add('f', 'file', { out: 'o' }),
    ...['nope', 'f', 'f', 'n'].map((chardev, index) => add(`m${index}`, 'mux', { chardev })),
    add('m4', 'mux', { chardev: 'm1' }),
    list,
    ...remove('f', 'm1', 'm4', 'm', 'm-base', 'n', 's', 's'),
  ]
  assertSame(requests, await answers(extra, requests))
})

test('a ring of bytes keeps and tells what QEMU’s does, whatever is written', { skip }, async () => {
  const bytes = fc.array(
    fc.oneof(fc.constantFrom(0, 0x80, 0xc0, 0xc3, 0xe2, 0xed, 0xf0, 0xf8, 0xfe, 0xbf), fc.nat(255)),
    { maxLength: 24 },
  )
  const text = fc.string({ unit: 'binary', maxLength: 12 })
  const base64 = fc.string({ unit: fc.constantFrom(...'AQZaz019+/=\n'), maxLength: 10 })
  const write = fc.oneof(
    bytes.map((data) => ({ data: Buffer.from(data).toString('base64'), format: 'base64' })),
    text.map((data) => ({ data })),
    base64.map((data) => ({ data, format: 'base64' })),
    fc.string({ maxLength: 6 }).map((data) => ({ data, format: 'base64' })),
  )
  const step = fc.oneof(
    write.map((args) => run('ringbuf-write', { device: 'r', ...args })),
    fc
      .record({ size: fc.integer({ min: -1, max: 40 }), format: fc.constantFrom('utf8', 'base64') })
      .map((args) => run('ringbuf-read', { device: 'r', ...args })),
  )
  const requests = fc.sample(step, { seed, numRuns: 3000 })
  assertSame(requests, await answers(['-chardev', 'ringbuf,id=r,size=32'], requests))
})

test('the human monitor has the same commands, in QEMU’s words', { skip }, async () => {
  const lines = [
    ...['chardev-add', 'chardev-add null', 'chardev-add null,id=h', 'chardev-add null,id=h', 'chardev-add bogus,id=b'],
    ...['chardev-add null,id=1x', 'chardev-add ringbuf,id=b,size=7', 'chardev-add socket,id=b'],
    ...['chardev-add file,id=b,path=/nonexistent/x', 'chardev-add pty,id=p', 'chardev-add null,id=b,bogus=1'],
    ...['chardev-add socket,id=s,path=s.sock,server=on,wait=off', 'chardev-add null,id=m,mux=on'],
    ...['chardev-add ringbuf,id=r,size=64', 'chardev-change h file,path=o', 'chardev-change h bogus'],
    ...['chardev-change nope null', 'chardev-change h null,id=x', 'chardev-change h', 'chardev-remove nope'],
    ...['chardev-remove h', 'chardev-remove m', 'chardev-remove m-base', 'chardev-send-break nope'],
    ...[
      'chardev-send-break r',
      'chardev-send-break',
      'ringbuf_write r hello',
      'ringbuf_read r 3',
      'ringbuf_read r 100',
    ],
    ...['ringbuf_read r 100', 'ringbuf_write nope x', 'ringbuf_read nope 1', 'ringbuf_read r 0', 'ringbuf_write s x'],
    ...['ringbuf_read r', 'ringbuf_write r', 'getfd a', 'getfd', 'closefd a', 'closefd', 'info chardev'],
    ...['add', 'change', 'remove', 'send-break'].map((word) => `help chardev-${word}`),
    ...['help ringbuf_read', 'help ringbuf_write', 'help getfd', 'help closefd'],
  ].map((line) => run('human-monitor-command', { 'command-line': line }))
  const bytes = run('ringbuf-write', { device: 'r', data: 'XAECCQobf8OpwIA=', format: 'base64' })
  const requests = [...lines, bytes, run('human-monitor-command', { 'command-line': 'ringbuf_read r 100' })]
  assertSame(requests, await answers([], requests))
})
