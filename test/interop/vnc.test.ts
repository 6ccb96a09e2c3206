/** Viewers that others wrote: what they show is what screendump writes. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Encoding, Led } from '../../src/rfb/index.ts'
import { connectTcp } from '../../src/transport/index.ts'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { RfbClient } from '../vnc/rfb-client.ts'
import { Guest, vmon } from './guest.ts'
import { parsePng } from './png-picture.ts'
import { difference } from './ppm-picture.ts'
import { ScreenReader } from './screen-text.ts'
import { ViewerScreen } from './viewer-screen.ts'

const run = promisify(execFile)
const vgaBios = '/usr/share/seabios/vgabios-stdvga.bin'
const grub = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
const noGuest = missingFile(vgaBios, 'seabios') || missingFile(grub, 'grub-rescue-pc')
const patience = 300_000
const tigervncPrograms = ['Xvfb', 'xtigervncviewer'] as const
const tigervnc = ['xtigervncviewer', '-Shared', '-AutoSelect=0', '-FullScreen'] as const

/** Where a guest's first display listens, as viewers name it: with two colons, a port. */
async function viewerAddress(guest: Guest): Promise<string> {
  const { service } = (await guest.execute('query-vnc')) as { service: string }
  return `127.0.0.1::${service}`
}

/** A machine that shows GRUB's menu, which stands still. */
async function grubMenu(options: readonly string[], signal: AbortSignal): Promise<Guest> {
  const guest = await Guest.start(vmon, ['-cdrom', grub, '-boot', 'd', ...options], signal)
  const reader = new ScreenReader(await readFile(vgaBios))
  await guest.execute('cont')
  await guest.pictureWhere((picture) => reader.shows(picture, 'will be executed automatically in'))
  await guest.press(['down'])
  await guest.pictureWhere((picture) => !reader.shows(picture, 'will be executed automatically'))
  return guest
}

/** Ports of this machine that nobody else is likely to want, tried one after the other. */
const display = '127.0.0.1:3000,to=3999'
const tlsDisplay = '127.0.0.1:4000,to=4999'

test('gvnccapture, TigerVNC and vncsnapshot see what screendump writes', {
  skip:
    noGuest ||
    ['gvnccapture', 'vncsnapshot', ...tigervncPrograms].map((name) => missingProgram(name)).find(Boolean) ||
    false,
  timeout: 300_000,
}, async ({ signal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-vnc-'))
  try {
    const anonymous = ['-object', 'tls-creds-anon,id=tls0,endpoint=server']
    const options = ['-vnc', display, ...anonymous, '-vnc', `${tlsDisplay},tls-creds=tls0,id=tls`]
    await using guest = await grubMenu(options, signal)
    await guest.execute('stop')
    const port = (await viewerAddress(guest)).split('::')[1]!
    const file = join(folder, 'gvnc.png')
    await run('gvnccapture', ['-q', `127.0.0.1:${Number(port) - 5900}`, file], { timeout: patience })
    assert.equal(difference(await guest.picture(), parsePng(await readFile(file))), undefined)
    // The same behind TLS, as the viewer's GnuTLS speaks it.
    const servers = (await guest.execute('query-vnc-servers')) as { id: string; server: { service: string }[] }[]
    const secured = Number(servers.find(({ id }) => id === 'tls')!.server[0]!.service) - 5900
    await run('gvnccapture', ['-q', `127.0.0.1:${secured}`, file], { timeout: patience })
    assert.equal(difference(await guest.picture(), parsePng(await readFile(file))), undefined)
    await tigervncSees(guest, Number(port), secured + 5900, signal)
    await lampsFollow(guest, Number(port))
    // A picture that it has compressed with loss: only that there is one, of the right size, says something.
    const snapshot = join(folder, 'snapshot.jpg')
    await run('vncsnapshot', ['-quiet', `127.0.0.1:${Number(port) - 5900}`, snapshot], { timeout: patience })
    const { width, height } = await guest.picture()
    assert.deepEqual(jpegSize(await readFile(snapshot)), { width, height })
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** TigerVNC's viewer, by every encoding that it can be made to prefer, and behind TLS. */
async function tigervncSees(guest: Guest, port: number, secured: number, signal: AbortSignal): Promise<void> {
  const expected = await guest.picture()
  const plain = ['-SecurityTypes', 'None', `127.0.0.1::${port}`]
  const runs = [
    ...['Tight', 'ZRLE', 'Hextile', 'Raw'].map((name) => ['-PreferredEncoding', name, '-NoJPEG', ...plain]),
    ['-SecurityTypes', 'TLSNone', `127.0.0.1::${secured}`],
  ]
  await Promise.all(
    runs.map(async (options) => {
      await using screen = await ViewerScreen.open(expected)
      await screen.show([...tigervnc, ...options], (picture) => difference(expected, picture) === undefined, signal)
    }),
  )
}

/** The firmware lights the lamps of the keyboard as its locks are, and viewers are told. */
async function lampsFollow(guest: Guest, port: number): Promise<void> {
  await guest.execute('cont')
  const client = new RfbClient(await connectTcp({ host: '127.0.0.1', port: String(port) }))
  try {
    await client.enter()
    client.setEncodings(Encoding.ledState)
    const lamps = async (lit: number): Promise<void> => {
      while (client.told.at(-1)?.bytes[0] !== lit) await client.message()
    }
    for (const lit of [0, Led.capsLock, 0]) {
      await lamps(lit)
      await guest.press(['caps_lock'])
    }
  } finally {
    client.close()
  }
}

/** Width and height of the frame of a JPEG file. */
function jpegSize(file: Buffer): { width: number; height: number } {
  for (let at = 2; at < file.length; at += 2 + file.readUInt16BE(at + 2)) {
    if (file[at + 1]! >= 0xc0 && file[at + 1]! <= 0xc2)
      return { width: file.readUInt16BE(at + 7), height: file.readUInt16BE(at + 5) }
  }
  throw new Error('no frame')
}
