import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { PlainClient } from './plain-client.ts'
import { talk } from './qtest-talk.ts'

const kinds = {
  // With a thread for notifications QEMU looks for requests by itself when the driver is ready.
  blk: ',drive=d,ioeventfd=off',
  scsi: '',
  serial: '',
  net: ',netdev=n',
  rng: '',
  balloon: '',
  '9p': ',fsdev=f,mount_tag=t',
  keyboard: '',
  mouse: '',
  tablet: '',
}
const names = Object.keys(kinds)
const words = [
  ...'-nodefaults -display none -S -m 64 -drive if=none,id=d,driver=null-co,size=1M,read-zeroes=on'.split(' '),
  ...'-netdev socket,id=n,listen=127.0.0.1:0 -fsdev local,id=f,path=.,security_model=none'.split(' '),
  ...Object.entries(kinds).flatMap(([kind, more], index) => [
    ...['-device', `virtio-${kind}-pci,id=v${kind},addr=${index + 4}${more}`],
  ]),
  ...['-qmp', 'unix:qmp.sock,server=on,wait=off', '-qtest-log', 'none', '-qtest', 'unix:qtest.sock,server=on,wait=off'],
]

/** The disk's function, with its registers of virtio 0.9 at 0xc000 and of virtio 1.0 at 0xfe000000. */
const setUp = [
  ...['outl 0xcf8 0x80002010', 'outl 0xcfc 0xc000', 'outl 0xcf8 0x80002020', 'outl 0xcfc 0xfe000000'],
  ...['outl 0xcf8 0x80002004', 'outw 0xcfc 7'],
]
const descriptor = (at: number, [address, length, flags, next]: readonly [number, number, number, number]) => [
  ...[
    `writeq ${at} ${address}`,
    `writel ${at + 8} ${length}`,
    `writew ${at + 12} ${flags}`,
    `writew ${at + 14} ${next}`,
  ],
]
const identify = [
  [0x20000, 16, 1, 1],
  [0x21000, 20, 3, 2],
  [0x22000, 1, 2, 0],
] as const
/** A ring of 256 at 0x10000: a request for the disk's name, and the same in a table of descriptors. */
const ring = [
  ...identify.flatMap((one, index) => descriptor(0x10000 + 16 * index, one)),
  ...identify.flatMap((one, index) => descriptor(0x23000 + 16 * index, one)),
  ...descriptor(0x10000 + 16 * 3, [0x23000, 48, 4, 0]),
  ...['writel 0x20000 8', 'writew 0x11004 0', 'writew 0x11006 3', 'writew 0x11002 1'],
]

/** What is done before each look. */
const steps: Readonly<Record<string, readonly string[]>> = {
  'as it was made': [],
  'with a place': setUp,
  'a driver of before virtio 1.0 has begun': [
    ...ring,
    ...['outb 0xc012 1', 'outb 0xc012 3', 'outl 0xc004 0x30000000', 'outw 0xc00e 0', 'outl 0xc008 0x10'],
  ],
  'it is ready': ['outb 0xc012 7'],
  'it has been served': ['outw 0xc010 0', 'until 0x12002 1'],
  'it has failed': ['outb 0xc012 0xa7', 'outw 0xc00e 5'],
  'it was reset': ['outb 0xc012 0'],
  'a driver of virtio 1.0 has begun': [
    ...['writeb 0xfe000014 1', 'writeb 0xfe000014 3', 'writel 0xfe000008 0', 'writel 0xfe00000c 0x30000240'],
    ...['writel 0xfe000008 1', 'writel 0xfe00000c 1', 'writeb 0xfe000014 0xb', 'writew 0xfe000016 0'],
    ...['writew 0xfe000018 8', 'writel 0xfe000020 0x10000', 'writel 0xfe000028 0x11000', 'writel 0xfe000030 0x12000'],
  ],
  'it has a queue': ['writew 0x12002 0', 'writew 0xfe00001c 1', 'writeb 0xfe000014 0xf'],
  'it has been served, too': ['writew 0x11002 2', 'writew 0xfe003000 0', 'until 0x12002 2'],
  'it may not reach memory': ['outl 0xcf8 0x80002004', 'outw 0xcfc 3'],
}

/** Does what is to be done; `until` waits for a word of memory. */
async function perform(path: string, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const [verb, address, value] = line.split(' ')
    if (verb !== 'until') await talk(path, [line])
    else while (!(await talk(path, [`readw ${address}`])).at(-1)!.endsWith(Number(value).toString(16)));
  }
}

/** Everything that is told of virtio devices, as it is now. */
async function look(client: PlainClient): Promise<unknown[]> {
  const seen: unknown[] = []
  const ask = async (name: string, words: object = {}): Promise<void> => {
    const said = await client.execute(name, words).catch((error: unknown) => String(error))
    seen.push([name, words, said])
  }
  const enter = (line: string): Promise<void> => ask('human-monitor-command', { 'command-line': line })
  await ask('x-query-virtio')
  await enter('info virtio')
  for (const name of names) {
    const path = `/machine/peripheral/v${name}/virtio-backend`
    await ask('x-query-virtio-status', { path })
    await enter(`info virtio-status ${path}`)
    for (const queue of [0, 1, 70]) {
      await ask('x-query-virtio-queue-status', { path, queue })
      await enter(`info virtio-queue-status ${path} ${queue}`)
      await ask('x-query-virtio-vhost-queue-status', { path, queue })
      await enter(`info virtio-vhost-queue-status ${path} ${queue}`)
    }
    await ask('x-query-virtio-queue-element', { path, queue: 0 })
    await ask('x-query-virtio-queue-element', { path, queue: 0, index: 1 })
    await enter(`info virtio-queue-element ${path} 0`)
    await enter(`info virtio-queue-element ${path} 0 1`)
    await enter(`info virtio-queue-element ${path} 65536 256`)
  }
  return seen
}

/** What is seen behind each step. */
async function play(command: readonly string[], accel: string): Promise<Map<string, unknown[]>> {
  await using server = await Server.start([...command, ...words, '-accel', accel])
  await server.listening('qmp.sock')
  await server.listening('qtest.sock')
  using client = await PlainClient.open(server.path('qmp.sock'))
  const seen = new Map<string, unknown[]>()
  for (const [step, lines] of Object.entries(steps)) {
    await perform(server.path('qtest.sock'), lines)
    seen.set(step, await look(client))
  }
  return seen
}

describe('what is told of virtio devices is what QEMU tells, word for word', { skip: qemu.skip }, () => {
  test('of every kind, and of a disk while drivers use it', async () => {
    const [ours, theirs] = await Promise.all([play(vmon.command, 'qtest'), play(qemu.command, 'tcg')])
    for (const [step, seen] of ours) assert.deepEqual(seen, theirs.get(step), step)
    assert.equal(ours.size, Object.keys(steps).length)
  })
})
