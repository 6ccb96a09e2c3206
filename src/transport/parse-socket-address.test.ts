import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseSocketAddress } from './index.ts'

describe('an address in one word', () => {
  it('names a socket file, a descriptor, or a host and a port', () => {
    assert.deepEqual(parseSocketAddress('unix:/tmp/a:b'), { type: 'unix', path: '/tmp/a:b' })
    assert.deepEqual(parseSocketAddress('fd:3'), { type: 'fd', str: '3' })
    assert.deepEqual(parseSocketAddress('localhost:10809'), { type: 'inet', host: 'localhost', port: '10809' })
    assert.deepEqual(parseSocketAddress('tcp:a:1'), { type: 'inet', host: 'a', port: '1' })
    assert.deepEqual(parseSocketAddress(':1,to=5,ipv4'), { type: 'inet', host: '', port: '1', to: 5, ipv4: true })
    assert.deepEqual(parseSocketAddress('[::1]:x,ipv6=off'), { type: 'inet', host: '::1', port: 'x', ipv6: false })
  })

  it('is refused in the words of QEMU', () => {
    const refused = (text: string, message: string): void => assert.throws(() => parseSocketAddress(text), { message })
    refused('unix:', 'invalid Unix socket address')
    refused('localhost', "error parsing address 'localhost'")
    refused(':', "error parsing port in address ':'")
    refused('[::1', "error parsing IPv6 address '[::1'")
    refused('a:1,to=x', 'error parsing to= argument')
    refused('a:1,ipv4=maybe', "error parsing 'ipv4' flag '=maybe'")
  })
})
