/** A SPICE client that others wrote goes on at the destination when its machine has been migrated there. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { freePorts } from './free-ports.ts'
import { Guest, vmon } from './guest.ts'
import { placeOf } from './ppm-picture.ts'
import { ViewerScreen } from './viewer-screen.ts'

const skip =
  missingFile('/usr/share/seabios/vgabios-stdvga.bin', 'seabios') ||
  ['remote-viewer', 'Xvfb'].map((name) => missingProgram(name)).find(Boolean) ||
  false

/** Channels of a SPICE client: the main one, its screen, its keyboard and mouse. */
const needed = [1, 2, 3]

interface SpiceInfo {
  readonly migrated: boolean
  readonly channels: readonly { readonly 'channel-type': number }[]
}

const infoOf = async (guest: Guest): Promise<SpiceInfo> => (await guest.execute('query-spice')) as SpiceInfo

test('remote-viewer goes on at the destination of a migration', { skip, timeout: 300_000 }, async ({ signal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-spice-handover-'))
  try {
    const [here, there] = (await freePorts(2)) as [number, number]
    const spice = (port: number): string[] => ['-spice', `port=${port},addr=127.0.0.1,disable-ticketing=on`]
    const uri = `unix:${join(folder, 'migration')}`
    await using source = await Guest.start(vmon, spice(here), signal)
    await using destination = await Guest.start(vmon, [...spice(there), '-incoming', uri], signal)
    await using screen = await ViewerScreen.open({ width: 1024, height: 768 })
    const viewer = ['remote-viewer', `spice://127.0.0.1:${here}`] as const
    const expected = await source.picture()
    await screen.show(
      viewer,
      (picture) => placeOf(picture, expected) !== undefined,
      signal,
      async () => {
        await source.execute('client_migrate_info', { protocol: 'spice', hostname: '127.0.0.1', port: there })
        await source.execute('migrate', { uri })
        await source.event('SPICE_MIGRATE_COMPLETED')
        assert.equal((await infoOf(source)).migrated, true)
        for (let types: number[] = []; !needed.every((type) => types.includes(type)); ) {
          signal.throwIfAborted()
          types = (await infoOf(destination)).channels.map((channel) => channel['channel-type'])
        }
        await destination.event('SPICE_INITIALIZED')
      },
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})
