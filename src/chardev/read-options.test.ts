import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChardevError, type ChardevKeys, readChardevOptions } from './index.ts'

function complaint(keys: ChardevKeys): string {
  try {
    readChardevOptions(keys)
  } catch (error) {
    assert.ok(error instanceof ChardevError)
    return error.message
  }
  assert.fail('it was taken')
}

const socket = { id: 'c', backend: 'socket' }

test('a listening socket waits for its first client unless told otherwise', () => {
  const { backend } = readChardevOptions({ ...socket, path: 'a', server: 'yes' })
  assert.deepEqual(backend, {
    type: 'socket',
    address: { type: 'unix', path: 'a' },
    server: true,
    wait: true,
    telnet: false,
    reconnect: 0,
    clients: undefined,
  })
})

test('addresses and numbers are read', () => {
  const inet = { ...socket, host: 'localhost', port: '1', to: '9', ipv6: 'off', reconnect: '5', clients: '1' }
  const { backend } = readChardevOptions(inet)
  assert.ok(backend.type === 'socket')
  assert.deepEqual(backend.address, { type: 'inet', host: 'localhost', port: '1', to: 9, ipv6: false })
  assert.deepEqual([backend.reconnect, backend.clients, backend.wait], [5, 1, false])
  assert.deepEqual(readChardevOptions({ id: 'r', backend: 'ringbuf', size: '4k' }).backend, {
    type: 'ringbuf',
    size: 4096,
  })
  assert.deepEqual(readChardevOptions({ id: 'r', backend: 'ringbuf' }).backend, { type: 'ringbuf', size: 65536 })
})

test('options of other kinds of device are ignored, as QEMU does', () => {
  assert.deepEqual(readChardevOptions({ id: 'n', backend: 'null', path: 'x' }).backend, { type: 'null' })
})

test('what cannot be is refused in the words of QEMU 7.2', () => {
  const cases: [ChardevKeys, string][] = [
    [{ backend: 'null' }, 'chardev: no id specified'],
    [{ id: 'a' }, 'chardev: "a" missing backend'],
    [{ id: 'a', backend: 'bogus' }, "'bogus' is not a valid char driver name"],
    [{ id: 'a', backend: 'constructor' }, "'constructor' is not a valid char driver name"],
    [{ id: 'a', backend: 'null', foo: 'bar' }, "Invalid parameter 'foo'"],
    [{ id: 'a', backend: 'file' }, 'chardev: file: no filename given'],
    [{ id: 'a', backend: 'file', path: 'o', append: 'maybe' }, "Parameter 'append' expects 'on' or 'off'"],
    [{ id: 'a', backend: 'file', path: 'o', 'input-path': 'i' }, "Invalid parameter 'input-path'"],
    [{ id: 'a', backend: 'pipe' }, 'chardev: pipe: no device path given'],
    [{ id: 'a', backend: 'ringbuf', size: '7' }, 'size of ringbuf chardev must be power of two'],
    [{ ...socket, path: 'a', host: 'b', port: '1' }, "None or one of 'path', 'fd' or 'host' option required."],
    [{ ...socket, host: 'b' }, 'chardev: socket: no port given'],
    [socket, 'Unable to parse FD number '],
    [{ ...socket, fd: 'abc' }, 'Unable to parse FD number abc'],
    [{ ...socket, path: 'a', reconnect: 'abc' }, "Parameter 'reconnect' expects a number"],
    [
      { ...socket, path: 'a', server: 'on', reconnect: '1' },
      "'reconnect' option is incompatible with socket in server listen mode",
    ],
    [{ ...socket, path: 'a', wait: 'off' }, "'wait' option is incompatible with socket in client connect mode"],
    [{ ...socket, path: 'a', websocket: 'on' }, 'Websocket client is not implemented'],
    [{ ...socket, path: 'a', 'tls-authz': 't' }, "'tls_authz' option requires 'tls_creds' option"],
  ]
  for (const [keys, text] of cases) assert.equal(complaint(keys), text)
  assert.match(
    complaint({ id: 'a', backend: 'ringbuf', size: 'abc' }),
    /^Parameter 'size' expects a non-negative number/,
  )
})

test('what QEMU has and vmon has not is named', () => {
  assert.equal(complaint({ id: 'a', backend: 'testdev' }), "chardev: vmon has no 'testdev' devices")
})

test('datagrams go to this machine unless a host is named, from a port that is named or any', () => {
  const udp = (more: ChardevKeys) => readChardevOptions({ id: 'u', backend: 'udp', port: '9', ...more }).backend
  assert.deepEqual(udp({}), { type: 'udp', remote: { host: 'localhost', port: '9' }, local: undefined })
  assert.deepEqual(udp({ host: 'h', ipv6: 'off', localport: '10' }), {
    type: 'udp',
    remote: { host: 'h', port: '9', ipv6: false },
    local: { port: '10' },
  })
})
