import { BlockdevChangeReadOnlyMode } from '../../commands/index.ts'
import type { VncDisplays } from '../../vnc/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'
import { wordOf } from '../word-of.ts'
import { changeVncPassword } from './vnc.ts'

const command = hmpFamily<{ vncDisplays: VncDisplays }>()

/** Media of removable drives. */
export const mediaCommands = {
  eject: command({
    args: 'force:-f,device:B',
    params: '[-f] device',
    help: 'eject a removable medium (use -f to force it)',
    run: async ({ qmp }, { device, force }) => void (await qmp('eject', { device, force })),
  }),
  change: command({
    args: 'device:B,force:-f,target:F,arg:s?,read-only-mode:s?',
    params: 'device [-f] filename [format [read-only-mode]]',
    help: 'change a removable medium, optional format, use -f to force the operation',
    async run(call, { device, force, target, arg, 'read-only-mode': mode }) {
      if (device === 'vnc') {
        if (mode !== undefined) throw new HmpError("Parameter 'read-only-mode' is invalid for VNC")
        if (target !== 'passwd' && target !== 'password') throw new HmpError("Expected 'password' after 'vnc'")
        if (arg === undefined) throw new HmpError('terminal does not support password prompting')
        await changeVncPassword(call, arg)
        return
      }
      await call.qmp('blockdev-change-medium', {
        device,
        filename: target,
        ...(arg !== undefined && { format: arg }),
        force,
        ...(mode !== undefined && { 'read-only-mode': wordOf(BlockdevChangeReadOnlyMode, mode) }),
      })
    },
  }),
}
