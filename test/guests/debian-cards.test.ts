import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const skip = noDebianGuest
const block = Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, at) => (at * 7 + (at >> 9)) & 0xff))
const blocks = 1

function digestOf(count: number): string {
  const hash = createHash('md5')
  for (let turn = 0; turn < count; turn++) hash.update(block)
  return hash.digest('hex')
}

/** Serves the file. */
let web: HttpServer
/** Says the digest of what it is given, when that has ended. */
let sink: Server
const portOf = (server: HttpServer | Server): number => (server.address() as AddressInfo).port

before(async () => {
  web = createHttpServer((_, response) => response.end(Buffer.concat(Array.from({ length: blocks }, () => block))))
  sink = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash('md5')
    socket.on('data', (bytes) => hash.update(bytes))
    socket.on('end', () => socket.end(`${hash.digest('hex')}\n`))
    socket.on('error', () => socket.destroy())
  })
  for (const server of [web, sink]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

after(() => {
  web.close()
  sink.close()
})

for (const model of ['ne2k_pci', 'rtl8139'])
  describe(`a Debian guest with an ${model}`, { skip }, () => {
    it('gets its address, is answered, and brings and takes files byte for byte', async () => {
      await using guest = await DebianGuest.atPrompt({ nics: [`user,model=${model}`] })
      await guest.run('ip link set eth0 up')
      assert.match(await guest.run('udhcpc -i eth0 -n -q -s /bin/true 2>&1'), /lease of 10\.0\.2\.15 obtained/)
      await guest.run('ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2')
      assert.match(await guest.run('ping -c 2 10.0.2.2'), /2 packets received, 0% packet loss/)
      assert.match(
        await guest.run(`wget -q -O /tmp/file http://10.0.2.2:${portOf(web)}/; md5sum /tmp/file`),
        new RegExp(digestOf(blocks)),
      )
      // (busybox's wget ends what it posts at the first zero.)
      const told = await guest.run(`nc 10.0.2.2 ${portOf(sink)} < /tmp/file`)
      assert.match(told, new RegExp(digestOf(blocks)))
    })
  })
