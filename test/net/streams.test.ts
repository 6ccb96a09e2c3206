import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Guest, qemu, vmon } from '../interop/guest.ts'
import { missingProgram } from '../oracle/peers.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-streams-'))
after(() => rmSync(folder, { recursive: true }))
const signal = AbortSignal.timeout(120_000)
const still = [...vmon, '-accel', 'none']
const macs = ['525400000001', '525400000002'] as const

/** A machine that has a card on this network, and keeps what passes. */
function machine(command: readonly string[], which: 0 | 1, network: string): Promise<Guest> {
  const mac = macs[which].match(/../g)!.join(':')
  return Guest.start(
    command,
    [
      ...['-netdev', `${network},id=s`, '-device', `e1000,netdev=s,mac=${mac},romfile=`],
      ...['-object', `filter-dump,id=f,netdev=s,queue=tx,file=${fileOf(which)}`],
    ],
    signal,
  )
}

const fileOf = (which: 0 | 1): string => join(folder, `${which}.pcap`)

/** Each machine tells where its card is until the other one has heard it. */
async function hearEachOther(machines: readonly [Guest, Guest]): Promise<void> {
  for (const each of machines) await each.execute('cont') // QEMU's network stands still with the guest
  for (const [which, other] of [[0, 1], [1, 0]] as const) // biome-ignore format: one line
    while (!readFileSync(fileOf(which)).toString('hex').includes(macs[other])) {
      signal.throwIfAborted()
      await machines[other].execute('announce-self', { initial: 50, max: 550, rounds: 1, step: 50 })
      await delay(20)
    }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}

for (const [title, left, right] of [
  ['two vmons', still, still],
  ['a vmon that waits, and a QEMU', still, qemu],
  ['a QEMU that waits, and a vmon', qemu, still],
] as const) {
  const skip = left === qemu || right === qemu ? missingProgram('qemu-system-i386') : false
  describe(`on a network of their own, ${title}`, { skip }, () => {
    it('hear each other by a stream; one goes, and the other stays', async () => {
      const address = `addr.type=unix,addr.path=${join(folder, 'stream')}`
      await using first = await machine(left, 0, `stream,server=on,${address}`)
      for (let time = 0; time < 2; time++) {
        const second = await machine(right, 1, `stream,${address}`)
        await first.event('NETDEV_STREAM_CONNECTED')
        await hearEachOther([first, second])
        await second[Symbol.asyncDispose]()
        rmSync(fileOf(1))
        if (left === qemu) break // it hears of that when its card has room again, which no driver makes
        await first.event('NETDEV_STREAM_DISCONNECTED')
      }
      assert.deepEqual((await first.execute('query-status')) instanceof Object, true)
      rmSync(fileOf(0))
    })

    it('hear each other by datagrams', async () => {
      const [here, there] = [await freePort(), await freePort()]
      const side = (port: number, peer: number): string =>
        [
          'dgram',
          ...['local', 'remote'].map(
            (end) => `${end}.type=inet,${end}.host=127.0.0.1,${end}.port=${end === 'local' ? port : peer}`,
          ),
        ].join(',')
      await using first = await machine(left, 0, side(here, there))
      await using second = await machine(right, 1, side(there, here))
      await hearEachOther([first, second])
    })
  })
}

it('a machine takes the end of a socket pair that it was started with, and tells there where its card is', async () => {
  const options = ['-nodefaults', '-display', 'none', '-netdev', 'socket,id=s,fd=3', '-qmp', 'stdio']
  const [program, ...words] = [...still, ...options, '-device', 'e1000,netdev=s,mac=52:54:00:00:00:07,romfile=']
  const child = spawn(program!, words, { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] })
  const ended = once(child, 'exit')
  const line = child.stdio[3] as Socket
  child.stdin!.write('{"execute":"qmp_capabilities"}')
  child.stdin!.write('{"execute":"announce-self","arguments":{"initial":50,"max":50,"rounds":1,"step":1}}')
  const [frame] = (await once(line, 'data', { signal })) as [Buffer]
  assert.equal(frame.readUInt32BE(0), 60)
  assert.equal(frame.toString('hex', 4 + 6, 4 + 12), '525400000007')
  child.stdin!.end('{"execute":"quit"}')
  await ended
})
