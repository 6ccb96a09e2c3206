import type { ReadSecret } from '../../block/index.ts'
import type { Consoles } from '../../display/index.ts'
import type { GuestInput } from '../../input/index.ts'
import { OptionError } from '../../keyval/index.ts'
import type { EventHub } from '../../monitor/index.ts'
import type { UserObjects } from '../../objects/index.ts'
import type { RunControl } from '../../runstate/index.ts'
import {
  readKeymap,
  unlistedDisplay,
  VncDisplay,
  type VncDisplayConfig,
  VncDisplays,
  type VncTls,
} from '../../vnc/index.ts'
import type { ScreenFinder } from './screens.ts'
import { secretTextOf } from './secret-text.ts'
import { asked, nobody, type Start } from './start.ts'

interface Needs extends Start {
  readonly consoles: Consoles
  readonly sharedScreen: ScreenFinder
  readonly guestInput: GuestInput
  readonly runControl: RunControl
  readonly events: EventHub
  readonly secret: ReadSecret
  readonly userObjects: UserObjects
}

/** Displays that viewers connect to. */
export async function vnc(needs: Needs): Promise<{
  readonly vncDisplays: VncDisplays
  /** Shows the first screen to who comes by the console page. */
  readonly pageDisplay: VncDisplay | undefined
}> {
  const { config, scope, signal, inform } = needs
  const displays = new VncDisplays()
  const forPage = config.consolePage !== undefined && needs.consoles.first !== undefined
  if (config.displays.length === 0 && !forPage) return { vncDisplays: displays, pageDisplay: undefined }
  const keymap = await asked(nobody, async () => readKeymap(config.keymap, config.firmware.folders))
  for (const display of config.displays) {
    const open = async (): Promise<VncDisplay> =>
      VncDisplay.open(
        display,
        {
          ...sharedParts(needs),
          screen: needs.sharedScreen(display.device, display.head),
          keymap,
          lockKeySync: display.lockKeySync,
          tls: tlsOf(display, needs),
          byKeysym: config.keymap !== undefined,
          password: secretTextOf(display.passwordSecret, needs.secret),
          power: display.powerControl ? powerOf(needs) : undefined,
        },
        signal,
      )
    const opened = scope.own(await asked(display, open, signal))
    displays.add(opened)
    const first = opened.info().server.at(-1)
    if (display.told && first !== undefined) inform?.(`VNC server running on ${first.host}:${first.service}`)
  }
  const pageDisplay = forPage
    ? scope.own(
        await VncDisplay.open(unlistedDisplay, {
          ...sharedParts(needs),
          screen: needs.sharedScreen(),
          keymap,
          byKeysym: config.keymap !== undefined,
          lockKeySync: true,
          power: undefined,
        }),
      )
    : undefined
  return { vncDisplays: displays, pageDisplay }
}

function sharedParts({ config, guestInput, events, log }: Needs) {
  return {
    name: config.name === undefined ? 'QEMU' : `QEMU (${config.name})`,
    input: guestInput,
    emit: (name, server, client) => {
      // Where nobody can connect to, QEMU has no name for, and tells nothing.
      if (server !== undefined) events.emit(name, { server, client })
    },
    log: (what, error) => log.log('vnc', what, { error }),
  } satisfies Partial<Parameters<typeof VncDisplay.open>[1]>
}

/** @throws {TransportError | OptionError} in QEMU's words, if there are no such credentials, or something else is wrong */
function tlsOf({ tls }: VncDisplayConfig, { userObjects: { services } }: Needs): VncTls | undefined {
  if (tls === undefined) return undefined
  const { kind } = services.credentials(tls.creds, 'server').material
  if (tls.problem !== undefined) throw tls.problem
  if (kind === 'psk') throw new OptionError('Unsupported TLS cred type tls-creds-psk')
  return {
    kind: kind === 'anon' ? 'tls' : 'x509',
    secure: services.securingServer(tls.creds, tls.authz, { speaksFirst: true }),
    reload: () => services.reloadCredentials(tls.creds),
  }
}

function powerOf({ runControl, log }: Needs) {
  const failed = (error: unknown): void => log.log('vnc', 'what a viewer wanted could not be done', { error })
  return {
    shutdown: () => void runControl.powerdown().catch(failed),
    reset: () => void runControl.reset().catch(failed),
  }
}
