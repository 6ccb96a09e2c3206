import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptionList } from '../keyval/index.ts'
import { type VncDisplayConfig, vncDisplayOf, vncOptionKinds } from './vnc-options.ts'

const read = (text: string): VncDisplayConfig =>
  vncDisplayOf(parseOptionList(text, { kinds: vncOptionKinds, impliedName: 'vnc' }), 'default')

test('displays are numbered from port 5900, their WebSockets from 5700', () => {
  assert.deepEqual(read('127.0.0.1:1').addresses, [{ type: 'inet', host: '127.0.0.1', port: '5901' }])
  assert.deepEqual(read('[::1]:1').addresses, [{ type: 'inet', host: '::1', port: '5901' }])
  assert.deepEqual(read('localhost:0,to=99,ipv4=on').addresses, [
    { type: 'inet', host: 'localhost', port: '5900', to: 5999, ipv4: true },
  ])
  assert.deepEqual(read('unix:/run/v.sock').addresses, [{ type: 'unix', path: '/run/v.sock' }])
  assert.deepEqual(read('127.0.0.1:91,websocket=on').websockets, [{ type: 'inet', host: '127.0.0.1', port: '5791' }])
  assert.deepEqual(read('127.0.0.1:91,websocket=::1:80').websockets, [{ type: 'inet', host: '::1', port: '80' }])
  assert.deepEqual(read('192.0.2.1:5500,reverse=on').addresses, [{ type: 'inet', host: '192.0.2.1', port: '5500' }])
  assert.deepEqual(read('none').addresses, [])
  assert.deepEqual(read('password=on').addresses, [])
})

test("what cannot be is refused in QEMU's words", () => {
  for (const [text, complaint] of [
    ['foo', 'no vnc port specified'],
    ['127.0.0.1', 'no vnc port specified'],
    ['127.0.0.1:', 'vnc port cannot be empty'],
    [':abc', "can't convert to a number: abc"],
    ['127.0.0.1:-1', "can't convert to a number: -1"],
    ['127.0.0.1:1x', "can't convert to a number: 1x"],
    [':70000', 'port 70000 out of range'],
    ['127.0.0.1:59636', 'port 59636 out of range'],
    ['unix:a,to=9', 'Port range not support with UNIX socket'],
    ['127.0.0.1:1,websocket=unix:a', 'UNIX sockets not supported with websock'],
    ['127.0.0.1:1,to=x', "Parameter 'to' expects a number"],
    ['127.0.0.1:91,share=foo', 'unknown vnc share= option'],
    ['127.0.0.1:91,foo=bar', "Invalid parameter 'foo'"],
    ['127.0.0.1:91,password=maybe', "Parameter 'password' expects 'on' or 'off'"],
    ['127.0.0.1:91,password=on,password-secret=x', "'password' flag is redundant with 'password-secret'"],
    ['127.0.0.1:91,tls-authz=x', "'tls-authz' provided but TLS is not enabled"],
    ['127.0.0.1:91,sasl-authz=x', "'sasl-authz' provided but SASL auth is not enabled"],
    ['127.0.0.1:91,sasl=on', 'VNC SASL auth requires cyrus-sasl support'],
  ] as const)
    assert.throws(() => read(text), { message: complaint }, text)
})
