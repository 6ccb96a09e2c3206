import { readFile } from 'node:fs/promises'
import type { ReadSecret } from '../../block/index.ts'
import { reasonText } from '../../errno/index.ts'
import type { GuestInput } from '../../input/index.ts'
import type { MigrationControl } from '../../migration/index.ts'
import type { EventHub } from '../../monitor/index.ts'
import { SpiceServer, type SpiceServerOptions, type SpiceTlsFiles } from '../../spice-server/index.ts'
import { type CertificateMaterial, type Duplex, type SecureStream, secured } from '../../transport/index.ts'
import type { ScreenFinder } from './screens.ts'
import { secretTextOf } from './secret-text.ts'
import { asked, nobody, type Start } from './start.ts'

interface Needs extends Start {
  readonly sharedScreen: ScreenFinder
  readonly guestInput: GuestInput
  readonly events: EventHub
  readonly secret: ReadSecret
  readonly migrations: MigrationControl
}

/** The screen for SPICE clients. */
export async function spice(needs: Needs): Promise<{ readonly spiceServer: SpiceServer | undefined }> {
  const { config, scope, signal, events, log, warn } = needs
  const wish = config.spice
  if (wish === undefined) return { spiceServer: undefined }
  const password = await asked(nobody, async () => wish.password ?? secretTextOf(wish.passwordSecret, needs.secret))
  const screen = await asked(nobody, async () => {
    try {
      return needs.sharedScreen(wish.device, wish.head)
    } catch (cause) {
      throw new Error('Failed to lookup display/head', { cause })
    }
  })
  const notThere = (error: unknown): Error => {
    warn?.(`warning: Spice: ${reasonText(error)}`)
    return new Error('failed to initialize spice server', { cause: error })
  }
  const open = async (): Promise<SpiceServer> => {
    try {
      const options: SpiceServerOptions = {
        screen,
        input: needs.guestInput,
        machine: {
          name: config.name ?? 'QEMU',
          uuid: Buffer.from((config.uuid ?? '').replaceAll('-', '').padEnd(32, '0'), 'hex'),
        },
        secure: wish.tls && (await securing(wish.tls)),
        password,
        tell: ({ name, ...ends }) => events.emit(name, ...('server' in ends ? [ends] : [])),
        log: (what, error) => log.log('spice', what, { error }),
      }
      return await SpiceServer.open(wish, options, signal)
    } catch (error) {
      throw signal?.aborted === true ? error : notThere(error)
    }
  }
  const spiceServer = scope.own(await asked(nobody, open, signal))
  scope.own(
    needs.migrations.onStatus((status) => {
      if (status === 'completed') spiceServer.gone()
    }),
  )
  return { spiceServer }
}

/** @throws {Error} if a file cannot be read */
async function securing(files: SpiceTlsFiles): Promise<(plain: Duplex) => Promise<SecureStream>> {
  const read = (path: string): Promise<Buffer> =>
    readFile(path).catch((error: unknown) => {
      throw new Error(`Could not load ${path}: ${reasonText(error)}`, { cause: error })
    })
  const material: CertificateMaterial = {
    kind: 'x509',
    authorities: await read(files.authorities),
    own: { certificate: await read(files.certificate), key: await read(files.key), password: files.keyPassword },
    dhParameters: files.dhParameters === undefined ? undefined : await read(files.dhParameters),
    ciphers: files.ciphers,
  }
  // spice-gtk waits for the socket although a record has more than the message that it has read.
  const apart = { apart: true }
  return (plain) => secured(plain, { endpoint: 'server', verifyPeer: false, versions: {}, material }, {}, apart)
}
