import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChardevError, parseChardevShorthand } from './index.ts'

function keysOf(text: string): Readonly<Record<string, string>> {
  const shorthand = parseChardevShorthand(text)
  assert.equal(shorthand.type, 'new')
  return shorthand.type === 'new' ? shorthand.keys : {}
}

function complaint(text: string): string {
  try {
    parseChardevShorthand(text)
  } catch (error) {
    assert.ok(error instanceof ChardevError && error.kind === 'parse')
    return error.message
  }
  assert.fail(`${text} was taken`)
}

test('a unix socket has its path first, in which a comma is written twice', () => {
  assert.deepEqual(keysOf('unix:qmp.sock,server=on,wait=off'), {
    backend: 'socket',
    path: 'qmp.sock',
    server: 'on',
    wait: 'off',
  })
  assert.deepEqual(keysOf('unix:/tmp/a,,b.sock'), { backend: 'socket', path: '/tmp/a,b.sock' })
  assert.deepEqual(keysOf('unix:path=a,,c.sock'), { backend: 'socket', path: 'a,c.sock' })
  assert.deepEqual(keysOf('unix:server=on'), { backend: 'socket', server: 'on' })
})

test('the old words without a value are understood', () => {
  assert.deepEqual(keysOf('unix:q,server,nowait'), { backend: 'socket', path: 'q', server: 'on', wait: 'off' })
})

test('a TCP address is a host, which may be empty or an IPv6 address, and a port', () => {
  assert.deepEqual(keysOf('tcp:127.0.0.1:4444,server=on'), {
    backend: 'socket',
    host: '127.0.0.1',
    port: '4444',
    server: 'on',
  })
  assert.deepEqual(keysOf('tcp::4444'), { backend: 'socket', host: '', port: '4444' })
  assert.deepEqual(keysOf('tcp:[::1]:4444'), { backend: 'socket', host: '::1', port: '4444' })
  assert.deepEqual(keysOf('telnet:localhost:23,server=on'), {
    backend: 'socket',
    host: 'localhost',
    port: '23',
    server: 'on',
    telnet: 'on',
  })
})

test('devices without options, files and labels of other devices are told from each other', () => {
  assert.deepEqual(keysOf('stdio'), { backend: 'stdio' })
  assert.deepEqual(keysOf('vc:80Cx24C'), { backend: 'vc' })
  assert.deepEqual(keysOf('file:out,put=1'), { backend: 'file', path: 'out,put=1' })
  assert.deepEqual(keysOf('pipe:/tmp/p'), { backend: 'pipe', path: '/tmp/p' })
  assert.deepEqual(keysOf('/dev/ttyS0'), { backend: 'serial', path: '/dev/ttyS0' })
  assert.deepEqual(keysOf('mon:stdio'), { backend: 'stdio', mux: 'on' })
  assert.deepEqual(parseChardevShorthand('chardev:c0'), { type: 'existing', label: 'c0' })
})

test('what means nothing is refused in the words of QEMU 7.2', () => {
  assert.equal(complaint('bogus:x'), "'bogus:x' is not a valid char driver")
  assert.equal(complaint('none'), "'none' is not a valid char driver")
  assert.equal(complaint('pty:x'), "'pty:x' is not a valid char driver")
  assert.equal(complaint('mon:bogus'), "'bogus' is not a valid char driver")
  assert.equal(complaint(''), "'' is not a valid char driver")
  assert.equal(complaint('unix:a,foo=bar'), "Invalid parameter 'foo'")
  assert.equal(complaint('unix:a,toString'), "Invalid parameter 'toString'")
  assert.equal(complaint('unix:a,server=1'), "Parameter 'server' expects 'on' or 'off'")
  for (const text of ['tcp:', 'tcp:127.0.0.1', 'tcp:127.0.0.1:', 'tcp:127.0.0.1,server=on', 'udp:'])
    assert.equal(complaint(text), '', text)
})
