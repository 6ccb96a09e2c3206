import { QmpError } from '../../qapi/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const topic = hmpFamily<{}>()

/** A topic about something that this machine does not have: it says so, or nothing. */
function absent(help: string, text: string) {
  return topic({ args: '', params: '', help, run: ({ print }) => print(text) })
}

/** A topic about something that this machine does not have, which is told as a failure. */
function missing(help: string, message: string) {
  return topic({
    args: '',
    params: '',
    help,
    run() {
      throw new QmpError('GenericError', message)
    },
  })
}

/** A topic about one of the things that there are none of. */
function noneCalled<const Spec extends string>(
  args: Spec,
  params: string,
  help: string,
  message: (name: string) => string,
) {
  return topic({
    args,
    params,
    help,
    run(_call, words) {
      throw new QmpError('GenericError', message(Object.values(words as Readonly<Record<string, string>>)[0]!))
    },
  })
}

const mebibyte = 2 ** 20
const noRocker = (name: string): string => `rocker ${name} not found`
const profileHead = `Type               Object  Call site  Wait Time (s)         Count  Average (us)\n`
const profileRule = `${'-'.repeat(profileHead.length - 1)}\n`

/**
 * What QEMU says of what a machine was not built or started with, which is true of this one. A family that brings the
 * thing brings the topic, which takes the place of the one here.
 */
export const absentTopics = {
  balloon: topic({
    args: '',
    params: '',
    help: 'show balloon information',
    async run({ qmp, print }) {
      const { actual } = await qmp('query-balloon')
      print(`balloon: actual=${Math.floor(Number(actual) / mebibyte)}\n`)
    },
  }),
  capture: absent('show capture information', ''),
  'memory-devices': absent('show memory devices', ''),
  numa: absent('show NUMA information', '0 nodes\n'),
  profile: missing('show profiling information', 'Internal profiler not compiled'),
  rdma: absent('show RDMA state', ''),
  replay: absent('show record/replay information', 'Record/replay is not active\n'),
  rocker: noneCalled('name:s', 'name', 'Show rocker switch', noRocker),
  'rocker-ports': noneCalled('name:s', 'name', 'Show rocker ports', noRocker),
  'rocker-of-dpa-flows': noneCalled('name:s,tbl_id:i?', 'name [tbl_id]', 'Show rocker OF-DPA flow tables', noRocker),
  'rocker-of-dpa-groups': noneCalled('name:s,type:i?', 'name [type]', 'Show rocker OF-DPA groups', noRocker),
  sev: absent('show SEV information', 'SEV is not enabled\n'),
  sgx: topic({
    args: '',
    params: '',
    help: 'show intel SGX information',
    async run({ qmp }) {
      try {
        await qmp('query-sgx', {})
      } catch (error) {
        throw new HmpError((error as Error).message)
      }
    },
  }),
  stats: topic({
    args: 'target:s,names:s?,provider:s?',
    params: 'target [names] [provider]',
    help: 'show statistics for the given target (vm or vcpu); optionally filter byname (comma-separated list, or * for all) and provider',
    run(_call, { target, provider }) {
      if (target !== 'vm' && target !== 'vcpu') throw new HmpError(`invalid stats target ${target}`)
      if (provider !== undefined && provider !== 'kvm') throw new HmpError(`invalid stats provider ${provider}`)
    },
  }),
  'sync-profile': topic({
    args: 'mean:-m,no_coalesce:-n,max:i?',
    params: '[-m] [-n] [max]',
    help: 'show synchronization profiling info, up to max entries (default: 10), sorted by total wait time. (-m: sort by mean wait time; -n: do not coalesce objects with the same call site)',
    run: ({ print }) => print(profileHead + profileRule + profileRule),
  }),
  tpm: absent('show the TPM device', ''),
  usb: missing('show guest USB devices', 'USB support not enabled'),
  // QEMU looks at no argument, and quotes the line as far as it has read it.
  usbhost: topic({
    args: 'rest:S?',
    params: '',
    help: 'show host USB devices',
    run(_call, { rest }) {
      throw new HmpError(`Command "info usbhost${rest === undefined ? '' : ' '}" is not available.`)
    },
  }),
  vnc: absent('show the vnc server status', 'None\n'),
}
