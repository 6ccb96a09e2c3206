import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { after, before, test } from 'node:test'
import { UserNet } from '../../src/net/index.ts'
import { KernelGuest, noKernelGuest } from './kernel-guest.ts'

const skip = noKernelGuest
const host = 0x0a000202
const prefix = 0xfec0n << 112n
const config = {
  ipv6: { prefix, prefixLength: 64, host: prefix | 2n, dns: prefix | 3n },
  ...{ network: 0x0a000200, mask: 0xffffff00, host, dns: 0x0a000203, dhcpStart: 0x0a00020f, restrict: false },
} as const
const block = Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, at) => (at * 7 + (at >> 9)) & 0xff))

let guest: KernelGuest
let net: UserNet
let web: Server
let port: number

before(async () => {
  if (skip !== false) return
  guest = await KernelGuest.start()
  net = new UserNet(config, guest.wire.right)
  guest.wire.join(guest, net)
  await guest.configure()
  // Serves as many MiB as its path says; says how much it was given, and the digest of that.
  web = createHttpServer((request, response) => {
    if (request.method === 'PUT') {
      const hash = createHash('sha256')
      let length = 0
      request.on('data', (bytes: Buffer) => {
        length += bytes.length
        hash.update(bytes)
      })
      request.on('end', () => response.end(`${length} ${hash.digest('hex')}`))
      return
    }
    let left = Number(request.url?.slice(1))
    const more = (): void => {
      while (left-- > 0)
        if (!response.write(block)) {
          response.once('drain', more)
          return
        }
      response.end()
    }
    more()
  })
  port = await listening(web)
})

after(async () => {
  if (skip !== false) return
  net.close()
  web.close()
  await guest[Symbol.asyncDispose]()
})

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function digestOf(blocks: number): string {
  const hash = createHash('sha256')
  for (let turn = 0; turn < blocks; turn++) hash.update(block)
  return hash.digest('hex')
}

/** Draws numbers, the same ones each time. */
function drawer(): (below: number) => number {
  let state = 1
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

const shell = (line: string): Promise<string> => guest.run('sh', '-c', line)
const download = (blocks: number): string => `curl -sS http://10.0.2.2:${port}/${blocks} | sha256sum`

test('answers the pings of a kernel', { skip }, async () => {
  assert.match(await guest.run('busybox', 'ping', '-c', '2', '10.0.2.2'), /2 packets received/)
})

test('carries 64 MiB down and up, byte for byte', { skip }, async () => {
  assert.equal((await shell(download(64))).split(' ')[0], digestOf(64))
  const up = await shell(`curl -sS http://10.0.2.2:${port}/64 | curl -sS -T - http://10.0.2.2:${port}/`)
  assert.equal(up, `${64 << 20} ${digestOf(64)}`)
})

test('carries them although both ways lose a frame in twenty, and repeat one in fifty', { skip }, async () => {
  const draw = drawer()
  guest.fate = () => {
    const drawn = draw(100)
    return drawn < 5 ? 'lost' : drawn < 7 ? 'twice' : 'arrives'
  }
  try {
    assert.equal((await shell(download(4))).split(' ')[0], digestOf(4))
    const up = await shell(`curl -sS http://10.0.2.2:${port}/4 | curl -sS -T - http://10.0.2.2:${port}/`)
    assert.equal(up, `${4 << 20} ${digestOf(4)}`)
  } finally {
    guest.fate = () => 'arrives'
  }
})

test('puts in order what overtakes: a quarter of all frames comes late', { skip }, async () => {
  const draw = drawer()
  guest.fate = () => (draw(4) === 0 ? 'late' : 'arrives')
  try {
    assert.equal((await shell(download(4))).split(' ')[0], digestOf(4))
    const up = await shell(`curl -sS http://10.0.2.2:${port}/4 | curl -sS -T - http://10.0.2.2:${port}/`)
    assert.equal(up, `${4 << 20} ${digestOf(4)}`)
  } finally {
    guest.fate = () => 'arrives'
  }
})

test('keeps 100 connections at once apart', { skip }, async () => {
  const urls = Array.from({ length: 100 }, () => `-o - http://10.0.2.2:${port}/1`).join(' ')
  const all = await shell(`curl -sS -Z --parallel-immediate --parallel-max 100 ${urls} | wc -c`)
  assert.equal(Number(all), 100 << 20)
})

test('tells the guest that nobody listens', { skip }, async () => {
  assert.equal((await shell(`curl -sS -m 30 http://10.0.2.2:1/ 2>/dev/null; echo $?`)).trim(), '7')
})

test('one way may end before the other', { skip }, async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = []
    socket.on('data', (bytes: Buffer) => chunks.push(bytes))
    socket.on('end', () => socket.end(`had ${Buffer.concat(chunks)}, all of it`))
  })
  const there = await listening(server)
  const heard = await shell(`printf question | busybox nc 10.0.2.2 ${there}`)
  assert.equal(heard, 'had question, all of it')
  server.close()
})

test('lets the host in by a forwarded port, and tells which one it took', { skip }, async () => {
  const { port: forwarded } = await net.forward({
    ...{ protocol: 'tcp', hostAddress: 0x7f000001, hostPort: 0, guestAddress: undefined, guestPort: 80 },
  })
  const served = shell(`echo in the guest | busybox nc -l -p 80`)
  const heard = await new Promise<string>((resolve, reject) => {
    const attempt = (): void => {
      const socket = connect({ port: forwarded, host: '127.0.0.1', allowHalfOpen: true })
      let text = ''
      socket.on('data', (bytes: Buffer) => (text += bytes))
      // Until the guest listens, it refuses.
      socket.on('error', () => setImmediate(attempt))
      socket.on('end', () => {
        socket.end()
        resolve(text)
      })
    }
    attempt()
    served.catch(reject)
  })
  assert.equal(heard, 'in the guest\n')
  await served
  assert.equal(
    net.removeForward(({ port: open }) => open === forwarded),
    true,
  )
})

test('carries datagrams there and back, long ones in pieces', { skip }, async () => {
  const echo = createSocket('udp4')
  echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.address))
  await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve))
  const program = `
    const s = require('dgram').createSocket('udp4')
    s.on('message', (b) => { console.log(b.length, b.every((x) => x === 0x55)); s.close() })
    s.send(Buffer.alloc(9000, 0x55), ${echo.address().port}, '10.0.2.2')`
  assert.equal(await guest.run(process.execPath, '-e', program), '9000 true\n')
  echo.close()
})

test('gives an address by DHCP', { skip }, async () => {
  const log = await shell(`busybox udhcpc -i ${guest.space} -n -q -f -s /bin/true 2>&1`)
  assert.match(log, /lease of 10\.0\.2\.15 obtained/)
})

test('a kernel makes itself an address of IPv6, is answered, and carries 16 MiB down and up by it', {
  skip,
}, async () => {
  await guest.learnIpv6()
  assert.match(await guest.run('ip', '-6', 'addr', 'show', 'dev', guest.space), /inet6 fec0::[0-9a-f:]+\/64 scope/)
  assert.match(await guest.run('busybox', 'ping', '-6', '-c', '2', 'fec0::2'), /2 packets received/)
  const forIpv6 = createServer((socket) => socket.pipe(connect(port, '127.0.0.1')).pipe(socket))
  await new Promise<void>((resolve) => forIpv6.listen(0, '::1', resolve))
  const url = `http://[fec0::2]:${(forIpv6.address() as AddressInfo).port}`
  assert.equal((await shell(`curl -gsS ${url}/16 | sha256sum`)).split(' ')[0], digestOf(16))
  const up = await shell(`curl -gsS ${url}/16 | curl -gsS -T - ${url}/`)
  assert.equal(up, `${16 << 20} ${digestOf(16)}`)
  forIpv6.close()
})

test('carries datagrams of IPv6 there and back, long ones in pieces', { skip }, async () => {
  const echo = createSocket('udp6')
  echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.address))
  await new Promise<void>((resolve) => echo.bind(0, '::1', resolve))
  const program = `
    const s = require('dgram').createSocket('udp6')
    s.on('message', (b) => { console.log(b.length, b.every((x) => x === 0x55)); s.close() })
    s.send(Buffer.alloc(9000, 0x55), ${echo.address().port}, 'fec0::2')`
  assert.equal(await guest.run(process.execPath, '-e', program), '9000 true\n')
  echo.close()
})

test('a cable that is cut holds a download; when it is joined again, the download completes', { skip }, async () => {
  let seen = 0
  try {
    const begun = new Promise<void>((resolve) => {
      guest.fate = (toGuest) => {
        if (toGuest && ++seen === 2000) resolve()
        return 'arrives'
      }
    })
    const downloaded = shell(download(32))
    await begun
    guest.wire.up = false
    const before = seen
    await assert.rejects(guest.run('busybox', 'ping', '-c', '1', '-W', '1', '10.0.2.2'))
    assert.equal(seen, before, 'nothing flows')
    guest.wire.up = true
    assert.equal((await downloaded).split(' ')[0], digestOf(32))
  } finally {
    guest.wire.up = true
    guest.fate = () => 'arrives'
  }
})
