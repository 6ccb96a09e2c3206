/** The demonstration guest: greets, echoes keys and the serial line, counts ticks; by itself and under `npm start`. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { demoFloppy } from '../../guests/demo.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Guest, qemu, vmon } from './guest.ts'
import { PlainClient } from './plain-client.ts'
import { difference } from './ppm-picture.ts'
import { differingCells } from './text-cells.ts'

let folder = ''
let options: readonly string[] = []
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmon-demo-test-'))
  const floppy = join(folder, 'demo.img')
  await writeFile(floppy, demoFloppy())
  options = ['-drive', `if=floppy,format=raw,readonly=on,file=${floppy}`, '-boot', 'a']
})
after(() => rm(folder, { recursive: true }))

/** Types on the keyboard and on COM1; the guest must answer on COM1. */
async function talk(guest: Guest): Promise<void> {
  await guest.execute('cont')
  assert.match((await guest.receive(Buffer.from('right.\r\n'))).toString(), /^Hello from a PC inside Node\.js\.\r\n/)
  for (const key of ['h', 'i']) {
    await guest.press([key])
    await guest.receive(Buffer.from(key))
  }
  for (const character of 'ok\r') {
    guest.sendSerial(character)
    await guest.receive(Buffer.from(character))
  }
}

describe('the demonstration guest', () => {
  it('greets, echoes what is typed, and counts ticks', async ({ signal }) => {
    await using guest = await Guest.start(vmon, options, signal)
    await talk(guest)
    const before = await guest.picture()
    const later = await guest.pictureWhere((picture) => difference(before, picture) !== undefined)
    const changed = difference(before, later)!
    assert.ok(
      changed.top < 16 && changed.bottom < 16 && changed.left >= 60 * 9,
      'the counter, in the upper right corner',
    )
  })

  it('shows what it shows in QEMU, but for the counter', { skip: missingProgram(qemu[0]!) }, async ({ signal }) => {
    await using theirs = await Guest.start(qemu, options, signal)
    await using ours = await Guest.start(vmon, options, signal)
    await Promise.all([talk(theirs), talk(ours)])
    const cells = differingCells(await theirs.picture(), await ours.picture())
    const elsewhere = cells.filter((cell) => !/^0,7[4-8]$/.test(cell) && cell !== '4,0')
    assert.deepEqual(elsewhere, [], 'cells that are neither the counter nor the cursor')
  })
})

describe('npm start', () => {
  it('boots the demonstration guest, says where its QMP socket is, and cleans up', async () => {
    const start = fileURLToPath(new URL('../../tools/start.js', import.meta.url))
    const child = spawn(process.execPath, [start], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    let said = ''
    const path = await new Promise<string>((resolve) =>
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const socket = /QMP socket: unix:(\S+)/.exec(said)?.[1]
        if (socket && said.includes('right.\r\n')) resolve(socket)
      }),
    )
    assert.match(said, new RegExp(`npx vmon shell unix:${path}`))
    using client = await PlainClient.open(path)
    assert.deepEqual(await client.execute('query-name'), { name: 'demo' })
    await client.execute('quit')
    assert.deepEqual(await ended, [0, null])
    assert.ok(!existsSync(join(path, '..')), 'the folder is gone')
  })
})
