/** The console page in a browser, used as somebody does who has just started a machine. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { QmpClient } from '../../src/client/index.ts'
import { connectQmp } from '../../src/embedding/index.ts'
import { vmon } from '../interop/guest.ts'
import { parsePng } from '../interop/png-picture.ts'
import { difference, parsePpm } from '../interop/ppm-picture.ts'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { Server } from '../oracle/server.ts'
import { type BrowserPage, Chromium, chromiumProgram } from './chromium.ts'

const grub = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
const skip = missingProgram(chromiumProgram) || missingFile(grub, 'grub-rescue-pc')
/** Where pictures of the page are put for somebody who wants to look at them. */
const pictures = process.env['VMON_PICTURES']

/** The links that the machine has printed. */
async function linksOf(server: Server): Promise<{ readonly control: string; readonly watch: string }> {
  const [, control, watch] = await server.said(/Console page: (\S+)\nFor looking only: (\S+)\n/)
  return { control: control!, watch: watch! }
}

test('a newcomer sees the guest, types, stops it, changes its CD, watches a job and takes a picture', {
  skip,
  timeout: 300_000,
}, async ({ signal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-newcomer-'))
  const disk = join(folder, 'disk.img')
  const disc = join(folder, 'another.iso')
  try {
    // Holes, and as much as the buffer of a mirror holds (10 MiB), are copied at once, whatever the speed.
    await writeFile(disk, Buffer.alloc(32 << 20, 'data'))
    await writeFile(disc, Buffer.alloc(1 << 20))
    const machine = ['-name', 'lab', '-m', '64', '-cdrom', grub, '-boot', 'd', '-hda', disk, '-serial', 'vc']
    await using server = await Server.start([
      ...vmon,
      ...machine,
      ...['-display', 'web=127.0.0.1:0', '-qmp', 'unix:qmp.sock,server=on,wait=off'],
    ])
    const links = await linksOf(server)
    await using client = await connectQmp(server.path('qmp.sock'))
    await using browser = await Chromium.start()
    const page = await browser.open(links.control, signal)
    const look = async (name: string): Promise<void> => {
      if (pictures !== undefined) await page.picture(join(pictures, `${name}.png`))
    }

    await page.until(`document.querySelector('[data-status=running]') !== null`)
    await client.screen.waitFor('Memtest86+', { signal })
    await typeByBrowser(page, client, signal)
    await look('light')
    await page.press('Stop')
    await page.until(`document.querySelector('[data-status=paused]') !== null`)
    await samePicture({ page, client, server, folder: join(folder, 'saved'), signal })
    await page.press('Continue')
    await page.until(`document.querySelector('[data-status=running]') !== null`)

    await page.fill('input[aria-label="Image for ide1-cd0"]', disc)
    await page.press('Insert')
    await page.until(`document.querySelector('[data-drive=ide1-cd0]').innerText.includes(${JSON.stringify(disc)})`)
    await page.fill('input[aria-label="Image for ide1-cd0"]', '/nowhere')
    await page.press('Insert')
    await page.until(`document.querySelector('[role=alert]')?.innerText.includes("Could not open '/nowhere'")`)
    await page.press('Dismiss')
    await watchMirror(page, client, join(folder, 'mirror.img'), look)

    await page.press('COM1')
    await page.until(`document.querySelector('[data-testid="serial/0"] .xterm') !== null`)
    await page.press('Monitor')
    await page.fill('input[aria-label="Line for the monitor"]', 'info status')
    await page.press('Run')
    await page.until(`document.querySelector('.monitor').innerText.includes('VM status: running')`)
    await page.press('Type text')
    await accessible(page, look)
    assert.deepEqual(page.complaints, [])

    const watching = await browser.open(links.watch, signal)
    await watching.until(`document.querySelector('[data-status=running]') !== null`)
    assert.match(await watching.text(), /For looking only/)
    assert.doesNotMatch(await watching.text(), /Stop|Eject|Ctrl/)
    await watching.until(`document.querySelector('.said') === null`)

    const own = await browser.open(`${links.control}?viewer=own`, signal)
    await typeByBrowser(own, client, signal)
    await own.press('Stop')
    await own.until(`document.querySelector('[data-status=paused]') !== null`)
    await samePicture({ page: own, client, server, folder: join(folder, 'own'), signal })
    assert.deepEqual(own.complaints, [])
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** The keyboard goes to the guest, and comes back. */
async function typeByBrowser(page: BrowserPage, client: QmpClient, signal: AbortSignal): Promise<void> {
  const before = selected((await client.screen.text())!)
  await page.until(`document.querySelector('.place canvas') !== null && document.querySelector('.said') === null`)
  await page.click(`document.querySelector('.place canvas')`)
  await page.key('ArrowDown')
  while (selected((await client.screen.text())!) === before) signal.throwIfAborted()
  await page.key('g', 3) // Ctrl+Alt+G
  assert.equal(await page.value('document.activeElement.innerText'), 'Ctrl+Alt+Del')
}

/** The line of GRUB's menu that is chosen. */
function selected(text: string): string | undefined {
  return text.split('\n').find((line) => line.includes('*'))
}

interface PictureTest {
  readonly page: BrowserPage
  readonly client: QmpClient
  readonly server: Server
  /** Where it is saved. */
  readonly folder: string
  readonly signal: AbortSignal
}

/** What is saved by the page's button is what screendump writes. */
async function samePicture({ page, client, server, folder, signal }: PictureTest): Promise<void> {
  await client.execute('screendump', { filename: server.path('screen.ppm') })
  const expected = parsePpm(await readFile(server.path('screen.ppm')))
  await mkdir(folder)
  await page.saveTo(folder)
  // The last picture may still be on its way to the browser.
  for (let tries = 1; ; tries++) {
    await page.press('Picture')
    let files: Buffer[] = []
    while (files.length < tries) {
      signal.throwIfAborted()
      const names = (await readdir(folder)).filter((name) => name.endsWith('.png'))
      files = await Promise.all(names.map((name) => readFile(join(folder, name))))
      files = files.filter((file) => file.includes('IEND')) // others are on their way
    }
    const differences = files.map((file) => difference(expected, parsePng(file)))
    if (differences.includes(undefined)) return
    if (tries === 5) assert.fail(`the picture differs: ${differences.at(-1)}`)
  }
}

async function watchMirror(
  page: BrowserPage,
  client: QmpClient,
  target: string,
  look: (name: string) => Promise<void>,
): Promise<void> {
  await client.execute('drive-mirror', { device: 'ide0-hd0', target, sync: 'full', format: 'raw', speed: 1 << 20 })
  const bar = `document.querySelector('[data-job="ide0-hd0"] progress')`
  await page.until(`${bar} !== null && ${bar}.value > 0 && ${bar}.value < ${bar}.max`)
  await look('mirror')
  await client.execute('block-job-set-speed', { device: 'ide0-hd0', speed: 0 })
  await page.press('Complete', '[data-job="ide0-hd0"]')
  await page.until(`document.querySelector('.events').innerText.includes('BLOCK_JOB_COMPLETED')`)
  await page.until(`${bar} === null`)
}

/** Nothing serious for those who see less or have no mouse, in both themes, wide and narrow. */
async function accessible(page: BrowserPage, look: (name: string) => Promise<void>): Promise<void> {
  await page.value(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  for (const theme of ['light', 'dark'] as const) {
    for (const width of [1280, 360]) {
      await page.theme(theme)
      await page.size(width, 800)
      await look(`${theme}-${width}`)
      const found = (await page.value(
        `axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary) })))`,
      )) as { readonly impact: string }[]
      assert.deepEqual(
        found.filter(({ impact }) => impact === 'serious' || impact === 'critical'),
        [],
        `${theme}, ${width} wide`,
      )
      assert.ok((await page.value('document.documentElement.scrollWidth')) <= width, `wider than ${width}`)
    }
  }
}
