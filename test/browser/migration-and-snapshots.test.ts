/** The console page of a machine that moves, and whose states are kept in its images. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { connectQmp } from '../../src/embedding/index.ts'
import { vmon } from '../interop/guest.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Server } from '../oracle/server.ts'
import { Chromium, chromiumProgram } from './chromium.ts'

/** Where pictures of the page are put for somebody who wants to look at them. */
const pictures = process.env['VMON_PICTURES']

test('the page shows how far a migration is and cancels it, and saves, loads and deletes what images hold', {
  skip: missingProgram(chromiumProgram) || missingProgram('qemu-img'),
  timeout: 300_000,
}, async ({ signal }) => {
  const machine = ['-name', 'lab', '-m', '64', '-S', '-drive', 'file=disk.qcow2,id=d0', '-serial', 'none']
  const sockets = ['-display', 'web=127.0.0.1:0', '-qmp', 'unix:qmp.sock,server=on,wait=off']
  await using server = await Server.start(
    [...vmon, ...machine, ...sockets],
    ['qemu-img create -f qcow2 disk.qcow2 16M'],
  )
  const [, link] = await server.said(/Console page: (\S+)\n/)
  await using client = await connectQmp(server.path('qmp.sock'))
  await using browser = await Chromium.start()
  const page = await browser.open(link!, signal)
  const look = async (name: string): Promise<void> => {
    if (pictures !== undefined) await page.picture(join(pictures, `${name}.png`))
  }
  const row = (name: string): string => `document.querySelector('[data-snapshot=${name}]')`

  await page.until(`document.querySelector('[data-status=prelaunch]') !== null`)
  await client.execute('migrate-set-parameters', { 'max-bandwidth': 2000 }) // even an empty memory takes minutes
  await client.execute('migrate', { uri: 'exec:cat >/dev/null' })
  const bar = `document.querySelector('progress[aria-label="Progress of the migration"]')`
  await page.until(`${bar} !== null && ${bar}.max > 1 && ${bar}.value < ${bar}.max`)
  await look('migration')
  await page.pressSurely('Cancel', 'Really cancel?')
  await page.until(`${bar}.closest('.inside').innerText.includes('cancelled')`)
  assert.equal((await client.execute('query-migrate')).status, 'cancelled')

  await page.press('Snapshots')
  await page.fill('input[aria-label="Name of the snapshot"]', 'first')
  await page.press('Save')
  await page.until(`${row('first')} !== null`)
  await client.execute('blockdev-snapshot-internal-sync', { device: 'd0', name: 'disk-only' })
  await page.until(`${row('disk-only')}?.innerText.includes('d0 alone')`)
  await look('snapshots')
  assert.match((await server.shell('qemu-img snapshot -l -U disk.qcow2')).output, / first .* disk-only /s)
  await page.press('Continue')
  await page.until(`document.querySelector('[data-status=running]') !== null`)
  await page.pressSurely('Load', 'Really go back?', '[data-snapshot=first]')
  await page.until(`document.querySelector('.events').innerText.includes('STOP')`)
  for (const name of ['disk-only', 'first']) {
    await page.pressSurely('Delete', 'Really delete?', `[data-snapshot=${name}]`)
    await page.until(`${row(name)} === null`)
  }
  assert.equal((await server.shell('qemu-img snapshot -l -U disk.qcow2')).output.trim(), '')
  assert.deepEqual(page.complaints, [])
})
