import { DisplayProtocol, SetPasswordAction } from '../../commands/index.ts'
import type { VncDisplays } from '../../vnc/index.ts'
import type { HmpCall } from '../hmp-call.ts'
import { hmpFamily } from '../hmp-command.ts'
import { wordOf } from '../word-of.ts'

interface Needs {
  readonly vncDisplays: Pick<VncDisplays, 'isOpen'>
}

const command = hmpFamily<Needs>()

/** Passwords of displays. */
export const vncCommands = {
  set_password: command({
    args: 'protocol:s,password:s,display:-ds,connected:s?',
    params: 'protocol password [-d display] [action-if-connected]',
    help: 'set spice/vnc password',
    async run(call, { protocol, password, display, connected }) {
      const kind = wordOf(DisplayProtocol, protocol)
      const action = connected === undefined ? 'keep' : wordOf(SetPasswordAction, connected)
      if (kind === 'vnc' && action === 'keep') hint(call, display)
      await call.qmp('set_password', {
        protocol: kind,
        password,
        connected: action,
        ...(kind === 'vnc' && display !== undefined && { display }),
      })
    },
  }),
  expire_password: command({
    args: 'protocol:s,time:s,display:-ds',
    params: 'protocol time [-d display]',
    help: 'set spice/vnc password expire-time',
    async run({ qmp }, { protocol, time, display }) {
      const kind = wordOf(DisplayProtocol, protocol)
      await qmp('expire_password', {
        protocol: kind,
        time,
        ...(kind === 'vnc' && display !== undefined && { display }),
      })
    },
  }),
}

/** `change vnc password SECRET` */
export async function changeVncPassword(call: HmpCall<Needs>, password: string): Promise<void> {
  hint(call, undefined)
  await call.qmp('change-vnc-password', { password })
}

/** Tells who sets a password that nobody will be asked for how to be asked. */
function hint({ parts: { vncDisplays }, print }: HmpCall<Needs>, display: string | undefined): void {
  if (!vncDisplays.isOpen(display)) return
  // biome-ignore lint/suspicious/noTemplateCurlyInString: QEMU's text
  print("If you want use passwords please enable password auth using '-vnc ${dpy},password'.\n")
}
