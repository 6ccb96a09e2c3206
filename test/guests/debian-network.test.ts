import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { after, before, test } from 'node:test'
import { DebianGuest, networks } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const skip = noDebianGuest
const block = Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, at) => (at * 7 + (at >> 9)) & 0xff))

let guest: DebianGuest
let web: Server
let port: number

before(async () => {
  if (skip !== false) return
  web = createHttpServer((request, response) => {
    request.resume()
    request.on('end', () => {
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
  })
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  port = (web.address() as AddressInfo).port
  guest = await DebianGuest.atPrompt(networks)
})

after(async () => {
  if (skip !== false) return
  await guest[Symbol.asyncDispose]()
  web.close()
})

function digestOf(blocks: number): string {
  const hash = createHash('md5')
  for (let turn = 0; turn < blocks; turn++) hash.update(block)
  return hash.digest('hex')
}

test('a guest gets its address by DHCP, and the gateway answers its pings', { skip }, async () => {
  await guest.run('ip link set eth1 up; until grep -q 1 /sys/class/net/eth1/carrier; do sleep 1; done')
  assert.match(
    await guest.run('udhcpc -i eth1 -n -q -s /bin/true 2>&1'),
    /lease of 10\.0\.2\.15 obtained from 10\.0\.2\.2/,
  )
  await guest.run('ip addr add 10.0.2.15/24 dev eth1; ip route add default via 10.0.2.2')
  assert.match(await guest.run('ping -c 2 10.0.2.2'), /2 packets received, 0% packet loss/)
})

test('20 MiB come down from a server of the host, byte for byte', { skip }, async () => {
  assert.match(await guest.run(`wget -q -O - http://10.0.2.2:${port}/20 | md5sum`), new RegExp(digestOf(20)))
})

test('a guest makes itself an address of IPv6, and 4 MiB come down by it', { skip }, async () => {
  await guest.run('until ip -6 route show default | grep -q fe80::2; do sleep 1; done')
  assert.match(await guest.run('ip -6 addr show dev eth1'), /inet6 fec0::5054:ff:fe12:3456\/64 scope/)
  assert.match(await guest.run('ping -6 -c 2 fec0::2'), /2 packets received, 0% packet loss/)
  const forIpv6 = createServer((socket) => socket.pipe(connect(port, '127.0.0.1')).pipe(socket))
  await new Promise<void>((resolve) => forIpv6.listen(0, '::1', resolve))
  const { port: there } = forIpv6.address() as AddressInfo
  assert.match(await guest.run(`wget -q -O - http://[fec0::2]:${there}/4 | md5sum`), new RegExp(digestOf(4)))
  forIpv6.close()
})

test('20 MiB go up, byte for byte, and the end of them is told', { skip }, async () => {
  const hash = createHash('md5')
  let length = 0
  let ended = (): void => undefined
  const end = new Promise<void>((resolve) => {
    ended = resolve
  })
  const taker = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (bytes: Buffer) => {
      length += bytes.length
      hash.update(bytes)
    })
    socket.on('end', () => {
      socket.end()
      ended()
    })
  })
  await new Promise<void>((resolve) => taker.listen(0, '127.0.0.1', resolve))
  const { port: there } = taker.address() as AddressInfo
  await guest.run(`wget -q -O /tmp/up http://10.0.2.2:${port}/20`)
  await guest.run(`nc 10.0.2.2 ${there} </tmp/up; rm /tmp/up`)
  await end
  assert.deepEqual([length, hash.digest('hex')], [20 << 20, digestOf(20)])
  taker.close()
})

test('50 connections at once bring what belongs to each', { skip }, async () => {
  const each = `wget -q -O - http://10.0.2.2:${port}/1 | md5sum`
  const all = await guest.run(`for i in $(seq 50); do (${each}) & done 2>/dev/null; wait`)
  const digest = digestOf(1)
  assert.equal(all.split('\n').filter((line) => line.includes(digest)).length, 50, all)
})

test('the host reaches a server in the guest by a forwarded port', { skip }, async () => {
  const table = String(await guest.vm.qmp.execute('human-monitor-command', { 'command-line': 'info usernet' }))
  const [, forwarded] = /TCP\[HOST_FORWARD\] +-?\d+ +127\.0\.0\.1 +(\d+) +10\.0\.2\.15 +80/.exec(table) ?? []
  assert.ok(forwarded !== undefined, table)
  await guest.run('mkdir -p /tmp/www; echo served by the guest >/tmp/www/index.html; httpd -p 80 -h /tmp/www')
  const socket = connect(Number(forwarded), '127.0.0.1')
  socket.write('GET / HTTP/1.0\r\n\r\n')
  let text = ''
  for await (const bytes of socket) text += bytes
  assert.match(text, /^HTTP\/1\.\d 200 OK[\s\S]*served by the guest\n$/)
})

test('a cable that is cut takes the carrier; joined again, the network is there', { skip }, async () => {
  const carrier = (up: 0 | 1): Promise<string> =>
    guest.run(`until grep -q ${up} /sys/class/net/eth1/carrier; do sleep 1; done; echo carrier ${up}`)
  await guest.vm.qmp.execute('set_link', { name: 'nic0', up: false })
  assert.match(await carrier(0), /carrier 0/)
  await guest.vm.qmp.execute('set_link', { name: 'n0', up: true })
  assert.match(await carrier(1), /carrier 1/)
  assert.match(await guest.run('ping -c 1 -W 30 10.0.2.2'), /1 packets received/)
})

const filterOf = async () => {
  const [filter] = await guest.vm.qmp.execute('query-rx-filter', { name: 'nic1' })
  return filter!
}

test('a virtio card gets its address by DHCP, and brings and takes 20 MiB byte for byte', { skip }, async () => {
  await guest.run(
    'ip link set eth1 down; ip link set eth0 up; until grep -q 1 /sys/class/net/eth0/carrier; do sleep 1; done',
  )
  assert.match(
    await guest.run('udhcpc -i eth0 -n -q -s /bin/true 2>&1'),
    /lease of 10\.0\.3\.15 obtained from 10\.0\.3\.2/,
  )
  await guest.run('ip addr add 10.0.3.15/24 dev eth0; ip route add default via 10.0.3.2')
  assert.match(await guest.run('ping -c 2 10.0.3.2'), /2 packets received, 0% packet loss/)
  assert.match(await guest.run(`wget -q -O - http://10.0.3.2:${port}/20 | md5sum`), new RegExp(digestOf(20)))
})

test('what a virtio card takes is what its driver has asked for; a change is told until somebody asks', {
  skip,
}, async () => {
  const normal = await filterOf()
  assert.deepEqual([normal.promiscuous, normal['main-mac'], normal['vlan-table']], [false, '52:54:00:12:34:57', []])
  const told = guest.vm.qmp.event('NIC_RX_FILTER_CHANGED')
  await guest.run('ip link set eth0 promisc on')
  assert.deepEqual({ ...(await told).data }, { name: 'nic1', path: '/machine/peripheral/nic1/virtio-backend' })
  assert.equal((await filterOf()).promiscuous, true)
  await guest.run('ip link set eth0 promisc off; ip link set eth0 address 52:54:00:aa:bb:cc')
  const after = await filterOf()
  assert.deepEqual([after.promiscuous, after['main-mac']], [false, '52:54:00:aa:bb:cc'])
})

test('a virtio card without its cable has no carrier; joined again, it goes on, and announces itself', {
  skip,
}, async () => {
  const carrier = (up: 0 | 1): Promise<string> =>
    guest.run(`until grep -q ${up} /sys/class/net/eth0/carrier; do sleep 1; done; echo carrier ${up}`)
  await guest.vm.qmp.execute('set_link', { name: 'nic1', up: false })
  assert.match(await carrier(0), /carrier 0/)
  await guest.vm.qmp.execute('set_link', { name: 'nic1', up: true })
  assert.match(await carrier(1), /carrier 1/)
  await guest.vm.qmp.execute('announce-self', { initial: 1, max: 1, rounds: 1, step: 1 })
  assert.match(await guest.run('ping -c 1 -W 30 10.0.3.2'), /1 packets received/)
})
