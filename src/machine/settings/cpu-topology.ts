import { type KeyvalObject, OptionError, readMembers } from '../../keyval/index.ts'
import type { MachineType } from '../models.ts'

const members = {
  cpus: 'integer',
  sockets: 'integer',
  dies: 'integer',
  clusters: 'integer',
  cores: 'integer',
  threads: 'integer',
  maxcpus: 'integer',
} as const

/** What `-smp` takes, as its help lists it; the number of CPUs comes first without a name. */
export const smpKinds = Object.fromEntries(Object.keys(members).map((name) => [name, 'number' as const]))

interface Topology {
  readonly cpus: bigint
  readonly maxcpus: bigint
  readonly sockets: bigint
  readonly dies: bigint
  readonly cores: bigint
  readonly threads: bigint
}

/**
 * Checks the number of CPUs, of which there is one, and what is said of how they hang together.
 *
 * @param warn - hears of what has no sense, and is taken all the same
 * @throws {OptionError} in QEMU's words, if the numbers do not fit, or there are too many
 */
export function checkCpuCount(object: KeyvalObject, type: MachineType, warn: (text: string) => void): void {
  const smp = readMembers(object, members, 'smp.')
  if (Object.values(smp).some((count) => count === 0n))
    warn('Deprecated CPU topology (considered invalid): CPU topology parameters must be greater than zero')
  const hasDies = type.name !== 'none'
  for (const [name, has] of [
    ['dies', hasDies],
    ['clusters', false],
  ] as const) {
    if (!has && (smp[name] ?? 0n) > 1n) throw new OptionError(`${name} not supported by this machine's CPU topology`)
  }
  const topology = complete(smp)
  const { cpus, maxcpus, sockets, dies, cores, threads } = topology
  const product = `sockets (${sockets}) * ${hasDies ? `dies (${dies}) * ` : ''}cores (${cores}) * threads (${threads})`
  if (sockets * dies * cores * threads !== maxcpus) {
    const text = 'Invalid CPU topology: product of the hierarchy must match maxcpus'
    throw new OptionError(`${text}: ${product} != maxcpus (${maxcpus})`)
  }
  if (maxcpus < cpus) {
    const text = 'Invalid CPU topology: maxcpus must be equal to or greater than smp'
    throw new OptionError(`${text}: ${product} == maxcpus (${maxcpus}) < smp_cpus (${cpus})`)
  }
  if (maxcpus >= 0n && maxcpus <= type.cpuMax) return
  throw new OptionError(
    `Invalid SMP CPUs ${maxcpus}. The max CPUs supported by machine '${type.name}' is ${type.cpuMax}`,
  )
}

/** What is not said follows from the rest: cores first, then sockets, then threads. */
function complete(smp: Readonly<Partial<Record<keyof typeof members, bigint>>>): Topology {
  const given = (count: bigint | undefined, otherwise: bigint): bigint =>
    count !== undefined && count !== 0n ? count : otherwise
  const dies = given(smp.dies, 1n)
  let [sockets, cores, threads] = [given(smp.sockets, 0n), given(smp.cores, 0n), given(smp.threads, 0n)]
  const limit = given(smp.maxcpus, given(smp.cpus, 0n))
  if (limit === 0n) [sockets, cores, threads] = [sockets || 1n, cores || 1n, threads || 1n]
  else if (cores === 0n) {
    ;[sockets, threads] = [sockets || 1n, threads || 1n]
    cores = limit / (sockets * dies * threads)
  } else if (sockets === 0n) {
    threads ||= 1n
    sockets = limit / (dies * cores * threads)
  }
  threads ||= limit / (sockets * dies * cores || 1n)
  const maxcpus = limit || sockets * dies * cores * threads
  return { cpus: given(smp.cpus, maxcpus), maxcpus, sockets, dies, cores, threads }
}
