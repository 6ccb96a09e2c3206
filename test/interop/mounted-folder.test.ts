/** What a machine whose guest has mounted a folder of the host's says of being sent away or saved: the driver is qtest's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { PlainClient } from './plain-client.ts'
import { talk } from './qtest-talk.ts'

const options = [
  ...'-nodefaults -display none -S -m 64 -device virtio-9p-pci,fsdev=f,mount_tag=share,addr=4'.split(' '),
  ...'-fsdev local,id=f,path=folder,security_model=none -drive if=none,id=d,file=d.qcow2,node-name=disk'.split(' '),
  ...'-device virtio-blk-pci,drive=d,addr=5'.split(' '),
  ...'-qtest unix:qtest.sock,server=on,wait=off -qmp unix:qmp.sock,server=on,wait=off'.split(' '),
]
const prepare = ['mkdir folder', 'qemu-img create -q -f qcow2 d.qcow2 1M']
/** Where the device's registers, its ring, and the messages are. */
const port = 0xc000
const ring = 0x100000
const used = ring + 0x1000
const message = 0x110000
const answer = 0x111000
const register = { queuePage: 8, queue: 14, notify: 16, status: 18 }
const driverOk = 7

/** A message of 9P: its type, and what is in it. */
function nineP(type: number, ...parts: readonly (number | string)[]): Buffer {
  const body = parts.map((part) => {
    const bytes = Buffer.alloc(4)
    if (typeof part === 'number') bytes.writeUInt32LE(part)
    else bytes.writeUInt16LE(part.length)
    return typeof part === 'number' ? bytes : Buffer.concat([bytes.subarray(0, 2), Buffer.from(part)])
  })
  const bytes = Buffer.concat([Buffer.from([0, 0, 0, 0, type, 0, 0]), ...body])
  bytes.writeUInt32LE(bytes.length)
  return bytes
}

/** A driver of the device, by virtio's old registers. */
class Driver {
  readonly #path: string
  #sent = 0

  constructor(path: string) {
    this.#path = path
  }

  async begin(): Promise<void> {
    await this.#say(
      ...['outl 0xcf8 0x80002010', `outl 0xcfc ${port}`, 'outl 0xcf8 0x80002004', 'outw 0xcfc 7'],
      ...[`outw ${port + register.queue} 0`, `outl ${port + register.queuePage} ${ring / 4096}`],
      `outb ${port + register.status} ${driverOk}`,
    )
  }

  /** @returns the type of the answer */
  async ask(bytes: Buffer): Promise<number> {
    const index = ++this.#sent
    const available = ring + 128 * 16
    await this.#say(
      `write ${message} ${bytes.length} 0x${bytes.toString('hex')}`,
      ...[`writeq ${ring} ${message}`, `writel ${ring + 8} ${bytes.length}`, `writel ${ring + 12} ${0x10001}`],
      ...[`writeq ${ring + 16} ${answer}`, `writel ${ring + 24} 4096`, `writel ${ring + 28} 2`],
      ...[`writew ${available + 2 + 2 * index} 0`, `writew ${available + 2} ${index}`],
      `outw ${port + register.notify} 0`,
    )
    while (Number((await this.#say(`readw ${used + 2}`)).slice(3)) !== index);
    return Number((await this.#say(`readb ${answer + 4}`)).slice(3))
  }

  async leave(): Promise<void> {
    await this.#say(`outb ${port + register.status} 0`)
  }

  async #say(...lines: readonly string[]): Promise<string> {
    const said = await talk(this.#path, lines)
    for (const line of said) if (line.startsWith('FAIL')) throw new Error(line)
    return said.at(-1)!
  }
}

/** All that is said of it while the guest has mounted the folder, and when it has left it. */
async function told(command: readonly string[]): Promise<unknown> {
  await using server = await Server.start([...command, ...options], prepare)
  await Promise.all([server.listening('qtest.sock'), server.listening('qmp.sock')])
  using client = await PlainClient.open(server.path('qmp.sock'))
  const human = (line: string) => client.execute('human-monitor-command', { 'command-line': line })
  const driver = new Driver(server.path('qtest.sock'))
  await driver.begin()
  const before = await client.execute('query-migrate')
  assert.equal(await driver.ask(nineP(100, 8192, '9P2000.L')), 101)
  assert.equal(await driver.ask(nineP(104, 0, 0xffff_ffff, '', '', 0)), 105)
  const migrate = { uri: `file:${server.path('stream')}` }
  const refused = await client.execute('migrate', migrate).catch((error: Error) => error.message)
  const mounted = await client.execute('query-migrate')
  const devices = ['disk']
  await client.execute('snapshot-save', { 'job-id': 'j', tag: 's', vmstate: 'disk', devices })
  await client.until(
    ({ event, data }) => event === 'JOB_STATUS_CHANGE' && (data as { status: string }).status === 'concluded',
  )
  const jobs = await client.execute('query-jobs')
  const lines = [await human('savevm s'), await human('migrate -d exec:true'), await human('info migrate')]
  await driver.leave()
  for (;;) {
    const after = (await client.execute('query-migrate')) as object
    if ('blocked-reasons' in after) continue
    return { before, refused, mounted, jobs, lines, after, kept: await human('savevm s') }
  }
}

test('a machine whose guest has mounted a folder is not sent away or saved, word for word as on QEMU', {
  skip: qemu.skip,
}, async () => {
  const [ours, theirs] = await Promise.all([
    told([...vmon.command, '-accel', 'qtest']),
    told([...qemu.command, '-accel', 'tcg']),
  ])
  assert.deepEqual(ours, theirs)
  const reason =
    "Migration is disabled when VirtFS export path 'folder' is mounted in the guest using mount_tag 'share'"
  const { refused, mounted } = ours as { refused: string; mounted: object }
  assert.deepEqual([refused, mounted], [reason, { 'blocked-reasons': [reason] }])
})
