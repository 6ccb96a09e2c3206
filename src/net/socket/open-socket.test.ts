import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { openDgram } from '../dgram/open-dgram.ts'
import type { NetClient } from '../net-client.ts'
import { openSocket } from './open-socket.ts'

const inet = (host: string, port: string) => ({ type: 'inet', host, port }) as const
const group = inet('230.0.0.1', '5011')
const here = inet('127.0.0.1', '0')
const noDevice = "can't add socket to multicast group 230.0.0.1: No such device"
const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('UDP')).length

/** What QEMU 7.2 says to each. */
const refusals = [
  [() => openDgram(client(), { remote: group, local: inet('9.9.9.9', '0') }), noDevice],
  [
    () => openDgram(client(), { remote: group, local: inet('nosuch.invalid', '0') }),
    "localaddr 'nosuch.invalid' is not a valid IPv4 address",
  ],
  [() => openDgram(client(), { remote: group, local: inet('', '0') }), "localaddr '' is not a valid IPv4 address"],
  [
    () => openDgram(client(), { remote: inet('230.0.0.300', '1') }),
    "host address '230.0.0.300' is not a valid IPv4 address",
  ],
  [
    () => openDgram(client(), { remote: here, local: inet('9.9.9.9', '5013') }),
    "can't bind ip=9.9.9.9 to socket: Cannot assign requested address",
  ],
  [() => openDgram(client(), { remote: inet('::1', '1'), local: here }), "can't resolve host address '::1'"],
  [() => openDgram(client(), { remote: here, local: inet('::1', '1') }), "can't resolve host address '::1'"],
  [() => openSocket(client(), { mcast: '230.0.0.1:5011', localaddr: '9.9.9.9' }), noDevice],
  [
    () => openSocket(client(), { mcast: '10.0.0.1:5011' }),
    'specified mcastaddr 10.0.0.1 (0x0a000001) does not contain a multicast address',
  ],
  [
    () => openSocket(client(), { listen: '9.9.9.9:5011' }),
    "can't bind ip=9.9.9.9 to socket: Cannot assign requested address",
  ],
] as const

function client(): NetClient {
  return { send: () => true, ready: () => undefined } as unknown as NetClient
}

test("what cannot be opened is refused in QEMU's words, and leaves no socket", async () => {
  const before = sockets()
  for (const [open, message] of refusals) await assert.rejects(open, { name: 'NetError', message })
  await turn()
  await turn()
  assert.equal(sockets(), before)
})

test('names of hosts are looked up once', async () => {
  const opened = client()
  const backend = await openDgram(opened, { local: inet('localhost', '0'), remote: inet('localhost', '9') })
  assert.equal(opened.info(), 'udp=127.0.0.1:0/127.0.0.1:9')
  backend.close()
})
