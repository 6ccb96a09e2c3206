import { pause } from '../../async/index.ts'
import { MigrateSetParameters, MigrationCapability } from '../../commands/index.ts'
import { parseBoolean, parseSize, parseUint64 } from '../../keyval/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import { type MigrationControl, MigrationStatusName } from '../../migration/index.ts'
import { QmpError } from '../../qapi/index.ts'
import type { HmpCall } from '../hmp-call.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'
import { wordOf } from '../word-of.ts'

interface Needs {
  readonly migrations: Pick<MigrationControl, 'ended' | 'report'>
}

const command = hmpFamily<Needs>()

/** How often people are told how far disks are, in milliseconds. */
const progressMs = 1000

/** Sending the machine elsewhere, and taking one that comes. */
export const migrationCommands = {
  migrate: command({
    args: 'detach:-d,blk:-b,inc:-i,resume:-r,uri:s',
    params: '[-d] [-b] [-i] [-r] uri',
    help:
      'migrate to URI (using -d to not wait for completion)\n\t\t\t -b for migration without shared storage with full copy of disk\n\t\t\t -i for migration without shared storage with incremental copy of disk ' +
      '(base image shared between src and destination)\n\t\t\t -r to resume a paused migration',
    async run({ qmp, parts: { migrations }, monitor, print }, { detach, blk, inc, resume, uri }) {
      await qmp('migrate', { uri, blk, inc, resume })
      if (detach) return
      if (monitor.waits) await showProgress(migrations, print)
      else print('terminal does not allow synchronous migration, continuing detached\n')
    },
  }),
  migrate_cancel: command({
    args: '',
    params: '',
    help: 'cancel the current VM migration',
    run: async ({ qmp }) => void (await qmp('migrate_cancel')),
  }),
  migrate_continue: command({
    args: 'state:s',
    params: 'state',
    help: 'Continue migration from the given paused state',
    run: async ({ qmp }, { state }) =>
      void (await qmp('migrate-continue', { state: wordOf(MigrationStatusName, state) })),
  }),
  migrate_incoming: command({
    args: 'uri:s',
    params: 'uri',
    help: 'Continue an incoming migration from an -incoming defer',
    run: async ({ qmp }, { uri }) => void (await qmp('migrate-incoming', { uri })),
  }),
  migrate_recover: command({
    args: 'uri:s',
    params: 'uri',
    help: 'Continue a paused incoming postcopy migration',
    run: async ({ qmp }, { uri }) => void (await qmp('migrate-recover', { uri })),
  }),
  migrate_pause: command({
    args: '',
    params: '',
    help: 'Pause an ongoing migration (postcopy-only)',
    run: async ({ qmp }) => void (await qmp('migrate-pause')),
  }),
  migrate_set_capability: command({
    args: 'capability:s,state:b',
    params: 'capability state',
    help: 'Enable/Disable the usage of a capability for migration',
    async run({ qmp }, { capability, state }) {
      const name = wordOf(MigrationCapability, capability)
      await qmp('migrate-set-capabilities', { capabilities: [{ capability: name, state }] })
    },
  }),
  migrate_set_parameter: command({
    args: 'parameter:s,value:s',
    params: 'parameter value',
    help: 'Set the parameter for migration',
    run: setParameter,
  }),
  migrate_start_postcopy: command({
    args: '',
    params: '',
    help: 'Followup to a migration command to switch the migration to postcopy mode. The postcopy-ram capability must be set on both source and destination before the original migration command .',
    run: async ({ qmp }) => void (await qmp('migrate-start-postcopy')),
  }),
  client_migrate_info: command({
    args: 'protocol:s,hostname:s,port:i?,tls-port:i?,cert-subject:s?',
    params: 'protocol hostname port tls-port cert-subject',
    help: 'set migration information for remote display',
    async run({ qmp }, { protocol, hostname, port, 'tls-port': tlsPort, 'cert-subject': certSubject }) {
      await qmp('client_migrate_info', {
        protocol,
        hostname,
        ...(port !== undefined && { port: Number(port) }),
        ...(tlsPort !== undefined && { 'tls-port': Number(tlsPort) }),
        ...(certSubject !== undefined && { 'cert-subject': certSubject }),
      })
    },
  }),
}

async function setParameter(
  { qmp }: HmpCall<Needs>,
  { parameter, value }: { readonly parameter: string; readonly value: string },
): Promise<void> {
  const { shape } = MigrateSetParameters
  const member = shape.meta === 'object' ? ownEntry(shape.members, parameter) : undefined
  if (member === undefined) throw new QmpError('GenericError', `invalid parameter value: ${parameter}`)
  if (parameter === 'block-bitmap-mapping')
    throw new QmpError('GenericError', 'The block-bitmap-mapping parameter can only be set through QMP')
  const decoded = member.type.decode(parameterValue(parameter, member.type.name, value), {
    leaf: parameter,
    path: parameter,
  })
  await qmp('migrate-set-parameters', { [parameter]: decoded })
}

/** @throws {QmpError | HmpError} in QEMU's words, if a text does not stand for a value of a type */
function parameterValue(name: string, type: string, text: string): unknown {
  switch (type) {
    case 'bool': {
      const value = parseBoolean(text)
      if (value === undefined) throw new QmpError('GenericError', `Parameter '${name}' expects 'on' or 'off'`)
      return value
    }
    case 'size':
    case 'uint64':
      // Only this one is in MiB where no suffix says otherwise.
      return name === 'max-bandwidth' ? mebibytesOf(text) : sizeOf(name, text)
    case 'uint8':
    case 'uint32': {
      const value = parseUint64(text)
      if (typeof value !== 'bigint') throw new QmpError('GenericError', `Parameter '${name}' expects uint64`)
      return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
    }
    default:
      return text
  }
}

function mebibytesOf(text: string): bigint {
  const bytes = parseSize(/[0-9.]$/.test(text) && !/^\+?0x/i.test(text) ? `${text}M` : text)
  if (typeof bytes !== 'bigint') throw new QmpError('GenericError', `Invalid size ${text}`)
  return bytes
}

function sizeOf(name: string, text: string): bigint {
  const bytes = parseSize(text)
  if (typeof bytes === 'bigint') return bytes
  throw new HmpError(
    `Error: Parameter '${name}' expects a non-negative number below 2^64\nOptional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.`,
  )
}

/** Settles when the migration has ended; until then it is told how far its disks are, if they go. */
async function showProgress(migrations: Needs['migrations'], print: HmpCall<Needs>['print']): Promise<void> {
  const disks = () => migrations.report.statistics?.disks
  const over = new AbortController()
  const end = migrations.ended().finally(() => over.abort())
  while (!over.signal.aborted) {
    await pause(progressMs, over.signal).catch(() => undefined)
    const { passedBytes, totalBytes } = disks() ?? { passedBytes: 0, totalBytes: 0 }
    if (!over.signal.aborted && totalBytes > 0) print(`Completed ${Math.floor((passedBytes * 100) / totalBytes)} %\r`)
  }
  await end
  if (disks() !== undefined) print('\n')
}
