/**
 * Two kernels on one network: one is joined with the machine between them by `stream`, the other by `socket`. They ping each
 * other and copy files; the machine goes, and they copy on through the next one. VMON_COPY: how many MiB.
 */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { NetSet } from '../../src/net/index.ts'
import { Guest, qemu, vmon } from '../interop/guest.ts'
import { missingProgram } from '../oracle/peers.ts'
import { joinKernel } from './kernel-card.ts'
import { KernelGuest, noKernelGuest } from './kernel-guest.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-relayed-'))
after(() => rmSync(folder, { recursive: true }))
const copied = join(folder, 'copied')
const bytes = randomBytes(Number(process.env['VMON_COPY'] ?? 1) << 20)
const digest = createHash('sha256').update(bytes).digest('hex')
const port = 8080

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port: free } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return free
}

/** @returns the digest of what the other one has got */
async function copy(from: KernelGuest, to: KernelGuest, address: string): Promise<string | undefined> {
  const got = to.run('sh', '-c', `busybox nc -l -p ${port} | sha256sum`)
  while (!(await to.run('busybox', 'netstat', '-lnt')).includes(`:${port} `));
  await from.run('sh', '-c', `busybox nc ${address} ${port} < ${copied}`)
  return (await got).split(' ')[0]
}

for (const [name, command, missing] of [
  ['a vmon', [...vmon, '-accel', 'none'], false],
  ['a QEMU', qemu, missingProgram('qemu-system-i386')],
] as const)
  test(`two kernels copy through ${name} that stands between them, and through the next one`, {
    skip: noKernelGuest || missing,
  }, async () => {
    writeFileSync(copied, bytes)
    const [path, place] = [join(folder, 'stream'), `127.0.0.1:${await freePort()}`]
    const [left, right] = [new NetSet(), new NetSet()]
    await left.add({ type: 'stream', id: 'n', addr: { type: 'unix', path }, server: true })
    await right.add({ type: 'socket', id: 'n', listen: place })
    await using first = await KernelGuest.start()
    await using second = await KernelGuest.start()
    for (const [kernel, set, address] of [[first, left, '10.9.0.1'], [second, right, '10.9.0.2']] as const) {
      joinKernel(kernel, set, 'n')
      await kernel.run('ip', 'addr', 'add', `${address}/24`, 'dev', kernel.space)
    } // biome-ignore format: a kernel a line
    try {
      for (let time = 0; time < 2; time++) {
        await using machine = await Guest.start(
          command,
          [
            ...['-netdev', `stream,id=a,addr.type=unix,addr.path=${path}`, '-netdev', `socket,id=b,connect=${place}`],
            ...['a', 'b'].flatMap((id) => ['-netdev', `hubport,hubid=1,id=port-${id},netdev=${id}`]),
          ],
          AbortSignal.timeout(1_200_000),
        )
        await machine.execute('cont') // QEMU's network stands still with the guest
        assert.match(await first.run('busybox', 'ping', '-c', '3', '10.9.0.2'), /[1-3] packets received/)
        assert.equal(await copy(first, second, '10.9.0.2'), digest)
        assert.equal(await copy(second, first, '10.9.0.1'), digest)
      }
    } finally {
      left.close()
      right.close()
    }
  })
