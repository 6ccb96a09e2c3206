/** The console page of a machine that is QEMU's. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connectQmp } from '../../src/embedding/index.ts'
import { qemu, vmon } from '../interop/guest.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Server } from '../oracle/server.ts'
import { Chromium, chromiumProgram } from './chromium.ts'

const skip = missingProgram(chromiumProgram) || missingProgram(qemu[0]!)

test('vmon console shows a QEMU: its screen, its state, its monitor, its drives', { skip, timeout: 300_000 }, async ({
  signal,
}) => {
  const sockets = ['qmp', 'page'].flatMap((name) => ['-qmp', `unix:${name}.sock,server=on,wait=off`])
  const serial = ['-serial', 'unix:com1.sock,server=on,wait=off']
  const options = ['-name', 'other', '-S', '-display', 'none', '-vnc', 'unix:vnc.sock', ...sockets, ...serial]
  await using machine = await Server.start([...qemu, ...options])
  await machine.listening('com1.sock')
  await using client = await connectQmp(machine.path('qmp.sock'))
  const [page, screen, com1] = ['page', 'vnc', 'com1'].map((name) => `unix:${machine.path(`${name}.sock`)}`)
  // A unix socket's place is told from where QEMU runs.
  const places = [page!, '--vnc', screen!, '--serial', com1!]
  await using server = await Server.start([...vmon, 'console', ...places, '--listen', '127.0.0.1:0'])
  const [, link] = await server.said(/Console page: (\S+)\n/)
  await using browser = await Chromium.start()
  const shown = await browser.open(link!, signal)
  await shown.until(`document.querySelector('[data-status=prelaunch]') !== null`)
  assert.equal(await shown.value(`document.querySelector('h1').innerText`), 'other')
  await shown.press('Continue')
  await shown.until(`document.querySelector('[data-status=running]') !== null`)
  await shown.until(`document.querySelector('.place canvas') !== null && document.querySelector('.said') === null`)
  await shown.until(`document.querySelector('.events').innerText.includes('RESUME')`)
  await shown.press('Monitor')
  await shown.fill('input[aria-label="Line for the monitor"]', 'info version')
  await shown.press('Run')
  await shown.until(`/7\\.2\\./.test(document.querySelector('.monitor').innerText)`)
  await shown.press('Eject', '.things li:first-child')
  await shown.press('Really eject?', '.things li:first-child')
  await shown.until(`document.querySelector('.things li:first-child').innerText.includes('tray open')`)
  await client.execute('stop')
  await shown.until(`document.querySelector('[data-status=paused]') !== null`)
  assert.deepEqual(shown.complaints, [])
  const ended = once(server.gone, 'abort')
  process.kill(server.pid!, 'SIGTERM')
  await ended
  assert.equal((await server.exited).status, 0)
})
