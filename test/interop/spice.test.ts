/** SPICE clients that others wrote: what they show is what screendump writes, and what is typed there arrives. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { connectTcp, secured as tls } from '../../src/transport/index.ts'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { SpiceClient } from '../spice/spice-client.ts'
import { freePorts } from './free-ports.ts'
import { Guest, vmon } from './guest.ts'
import { contains, difference, type PpmPicture, parsePpm } from './ppm-picture.ts'
import { ScreenReader } from './screen-text.ts'
import { ViewerScreen } from './viewer-screen.ts'

const run = promisify(execFile)
const vgaBios = '/usr/share/seabios/vgabios-stdvga.bin'
const grub = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
const programs = ['spicy-screenshot', 'remote-viewer', 'Xvfb', 'xdotool', 'openssl']
const skip =
  missingFile(vgaBios, 'seabios') ||
  missingFile(grub, 'grub-rescue-pc') ||
  programs.map((name) => missingProgram(name)).find(Boolean) ||
  false

/** How often to try, as somebody else may take a port between when it is looked for and when it is used. */
const tries = 10

/** Starts a guest that is shown at two ports. @param options - with the ports for clients in the clear and by TLS */
async function shownGuest(
  options: (plain: number, secured: number) => readonly string[],
  signal: AbortSignal,
): Promise<{ readonly guest: Guest; readonly plain: number; readonly secured: number }> {
  for (let round = 1; ; round++) {
    const [plain, secured] = (await freePorts(2)) as [number, number]
    try {
      return { guest: await Guest.start(vmon, options(plain, secured), signal), plain, secured }
    } catch (error) {
      if (round === tries || !String(error).includes('Address already in use')) throw error
    }
  }
}

/** A certificate of its own authority for this machine. */
async function certificates(folder: string): Promise<void> {
  const file = (name: string): string => join(folder, name)
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', file('server-key.pem')]
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  await run('openssl', ['req', '-x509', ...key, ...subject, '-out', file('server-cert.pem')])
  await writeFile(file('ca-cert.pem'), await readFile(file('server-cert.pem')))
}

test('spicy-screenshot and remote-viewer see what screendump writes, and what is typed there arrives', {
  skip,
  timeout: 300_000,
}, async ({ signal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-spice-'))
  try {
    await certificates(folder)
    const secret = ['-object', 'secret,id=s0,data=geheim']
    const shown = await shownGuest((plain, secured) => {
      const ports = `port=${plain},tls-port=${secured},addr=127.0.0.1,x509-dir=${folder}`
      return [...secret, '-spice', `${ports},password-secret=s0`, '-cdrom', grub, '-boot', 'd']
    }, signal)
    await using guest = shown.guest
    const { plain, secured } = shown
    const reader = new ScreenReader(await readFile(vgaBios))
    await guest.execute('cont')
    await guest.pictureWhere((picture) => reader.shows(picture, 'will be executed automatically in'))
    await guest.press(['down'])
    await guest.pictureWhere((picture) => !reader.shows(picture, 'will be executed automatically'))

    const file = join(folder, 'spicy.ppm')
    const shoot = (...wish: string[]): Promise<unknown> =>
      run('spicy-screenshot', [...wish, '-o', file], { timeout: 300_000 })
    // As long as the guest draws, the two may be of different moments.
    const looksSame = async (): Promise<boolean> => {
      await shoot(`--uri=spice://127.0.0.1:${plain}?password=geheim`)
      return difference(await guest.picture(), parsePpm(await readFile(file))) === undefined
    }
    while (!(await looksSame())) signal.throwIfAborted()
    await assert.rejects(shoot(`--uri=spice://127.0.0.1:${plain}?password=falsch`))
    await tlsClient(guest, secured, await readFile(join(folder, 'ca-cert.pem')))

    await using screen = await ViewerScreen.open({ width: 1024, height: 768 })
    const shows = async (picture: PpmPicture): Promise<boolean> => contains(picture, await guest.picture())
    const secureViewer = ['remote-viewer', `--spice-ca-file=${join(folder, 'ca-cert.pem')}`] as const
    const viewer = ['remote-viewer', `spice://127.0.0.1:${plain}?password=geheim`] as const
    const channelTypes = async (): Promise<number[]> => {
      const info = (await guest.execute('query-spice')) as { channels: { 'channel-type': number }[] }
      return info.channels.map((channel) => channel['channel-type'])
    }
    await screen.show([...secureViewer, `spice://127.0.0.1?tls-port=${secured}&password=geheim`], shows, signal)
    await screen.show(viewer, shows, signal, async () => {
      assert.deepEqual((await channelTypes()).sort(), [1, 2, 3, 4])
      await screen.use('key', 'c')
      await guest.pictureWhere((picture) => reader.shows(picture, 'grub>'))
      await screen.use('type', '--delay', '30', 'echo Vmon-7')
      await guest.pictureWhere((picture) => reader.shows(picture, 'grub> echo Vmon-7'))
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** A client that knows the server's authority opens a channel behind TLS. */
async function tlsClient(guest: Guest, port: number, authorities: Buffer): Promise<void> {
  const plain = await connectTcp({ host: '127.0.0.1', port })
  const credentials = {
    endpoint: 'client',
    verifyPeer: true,
    versions: {},
    material: { kind: 'x509', authorities },
  } as const
  const { stream } = await tls(plain, credentials, { hostname: '127.0.0.1' })
  const client = new SpiceClient(stream)
  try {
    assert.equal(await client.link({ type: 1, password: 'geheim' }), 0)
    await client.until(103)
    const { channels } = (await guest.execute('query-spice')) as { channels: { tls: boolean }[] }
    assert.deepEqual(
      channels.map((channel) => channel.tls),
      [true],
    )
  } finally {
    client.close()
  }
}
