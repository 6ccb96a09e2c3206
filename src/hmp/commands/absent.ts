import type { Returned } from '../../commands/index.ts'
import { QmpError } from '../../qapi/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const command = hmpFamily<{ cpus: { readonly count: number } }>()

type Bus = Returned<'query-pci'>[number]

/** Commands about what this machine does not have; they fail as in a QEMU that was started without it. */
export const absentCommands = {
  balloon: command({
    args: 'value:M',
    params: 'target',
    help: 'request VM to change its memory allocation (in MB)',
    run: async ({ qmp }, { value }) => void (await qmp('balloon', { value: Number(value) })),
  }),
  dumpdtb: command({
    args: 'filename:F',
    params: 'filename',
    help: "dump the FDT in dtb format to 'filename'",
    run() {
      throw new QmpError('GenericError', "This machine doesn't have a FDT")
    },
  }),
  exit_preconfig: command({
    args: '',
    params: '',
    help: 'exit the preconfig state',
    run() {
      throw new QmpError('GenericError', 'The command is permitted only before machine initialization')
    },
  }),
  mce: command({
    args: 'broadcast:-b,cpu_index:i,bank:i,status:l,mcg_status:l,addr:l,misc:l',
    params: '[-b] cpu bank status mcgstatus addr misc',
    help: 'inject a MCE on the given CPU [and broadcast to other CPUs with -b option]',
    run({ parts: { cpus } }, { cpu_index: index }) {
      if (index < BigInt(cpus.count)) throw new HmpError('MCE injection not supported')
    },
  }),
  pcie_aer_inject_error: command({
    args: 'advisory_non_fatal:-a,correctable:-c,id:s,error_status:s,header0:i?,header1:i?,header2:i?,header3:i?,prefix0:i?,prefix1:i?,prefix2:i?,prefix3:i?',
    params: '[-a] [-c] id <error_status> [<tlp header> [<tlp header prefix>]]',
    help:
      'inject pcie aer error\n\t\t\t -a for advisory non fatal error\n\t\t\t -c for correctable error\n' +
      '\t\t\t<id> = qdev device id\n\t\t\t<error_status> = error string or 32bit\n\t\t\t<tlp header> = 32bit x 4\n' +
      '\t\t\t<tlp header prefix> = 32bit x 4',
    async run({ qmp, parts: { cpus } }, { id }) {
      const buses: readonly Bus[] = cpus.count === 0 ? [] : await qmp('query-pci')
      if (buses.some(({ devices }) => devices.some((device) => device.qdev_id === id)))
        throw new HmpError(`the device doesn't support pci express. ${id}`)
      throw new HmpError(`id or pci device path is invalid or device not found. ${id}`)
    },
  }),
  replay_break: command({
    args: 'icount:l',
    params: 'icount',
    help: 'set breakpoint at the specified instruction count',
    run() {
      throw new HmpError('setting the breakpoint is allowed only in play mode')
    },
  }),
  replay_delete_break: command({
    args: '',
    params: '',
    help: 'remove replay breakpoint',
    run() {
      throw new HmpError('replay breakpoints are allowed only in play mode')
    },
  }),
  replay_seek: command({
    args: 'icount:l',
    params: 'icount',
    help: 'replay execution to the specified instruction count',
    run() {
      throw new HmpError('replay must be enabled to seek')
    },
  }),
  stopcapture: command({
    args: 'n:i',
    params: 'capture index',
    help: 'stop capture',
    run: () => undefined, // as for any number that no capture has
  }),
  wavcapture: command({
    args: 'path:F,audiodev:s,freq:i?,bits:i?,nchannels:i?',
    params: 'path audiodev [frequency [bits [channels]]]',
    help: 'capture audio to a wave file (default frequency=44100 bits=16 channels=2)',
    run(_call, { audiodev }) {
      throw new HmpError(`Audiodev '${audiodev}' not found`)
    },
  }),
  x_colo_lost_heartbeat: command({
    args: '',
    params: '',
    help: 'Tell COLO that heartbeat is lost,\n\t\t\ta failover or takeover is needed.',
    run() {
      throw new QmpError('GenericError', "The feature 'colo' is not enabled")
    },
  }),
}
