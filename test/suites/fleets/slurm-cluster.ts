import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A job as squeue has it. */
export interface Job {
  /** `NUMBER` or `ARRAY_TASK` */
  readonly id: string
  /** `PENDING`, `RUNNING`, ... */
  readonly state: string
  readonly node: string
}

/**
 * Slurm, unmodified, with several nodes on this machine: as root, with its own authentication. Each node is a process
 * namespace, so that all that runs on it ends at once when it is cut off.
 */
export class SlurmCluster implements AsyncDisposable {
  readonly #children = new Map<string, ChildProcess>()
  readonly #folder: string
  readonly #environment: NodeJS.ProcessEnv

  private constructor(folder: string) {
    this.#folder = folder
    this.#environment = { ...process.env, SLURM_CONF: join(folder, 'slurm.conf'), LC_ALL: 'C' }
  }

  /**
   * @param folder where it keeps everything; short, for a socket is there
   * @param nodes their names, each with four processors, as far as Slurm knows
   */
  static async start(folder: string, nodes: readonly string[]): Promise<SlurmCluster> {
    const cluster = new SlurmCluster(folder)
    try {
      await cluster.#start(nodes)
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
    return cluster
  }

  async #start(nodes: readonly string[]): Promise<void> {
    const folder = this.#folder
    for (const name of ['.', 'state', ...nodes]) await mkdir(join(folder, name), { recursive: true, mode: 0o755 })
    const key = join(folder, 'munge.key')
    await writeFile(key, randomBytes(128), { mode: 0o400 })
    const ports = await freePorts(nodes.length + 1)
    await writeFile(join(folder, 'slurm.conf'), configuration(folder, nodes, ports))
    await this.#spawn('munged', 'munged', [
      ...['--foreground', '--force', '--key-file', key, '--socket', join(folder, 'munge')],
      ...['--pid-file', join(folder, 'munge.pid'), '--seed-file', join(folder, 'munge.seed')],
      ...['--log-file', join(folder, 'munge.log')],
    ])
    await this.#spawn('slurmctld', 'slurmctld', ['-D', '-f', join(folder, 'slurm.conf')])
    for (const node of nodes) await this.startNode(node)
    for (;;) {
      const { ok, text } = await this.say('sinfo', '-h', '-N', '-p', 'batch', '-o', '%T')
      if (ok && text.split('\n').filter((state) => state === 'idle').length === nodes.length) return
      for (const [name, child] of this.#children)
        if (child.exitCode !== null) throw new Error(`${name} ended with status ${child.exitCode}: ${text}`)
      await pause(300)
    }
  }

  async startNode(node: string): Promise<void> {
    await this.#spawn(node, 'unshare', [
      ...['--pid', '--fork', '--kill-child', '--mount-proc'],
      ...['slurmd', '-D', '-N', node, '-f', join(this.#folder, 'slurm.conf')],
    ])
  }

  /** As when a node loses its power: nothing of it runs any more. */
  async cutOff(node: string): Promise<void> {
    const child = this.#children.get(node)!
    this.#children.delete(node)
    await ended(child, 'SIGKILL')
  }

  /** Runs one of Slurm's programs. */
  async say(program: string, ...words: readonly string[]): Promise<{ readonly ok: boolean; readonly text: string }> {
    try {
      const options = { env: this.#environment, cwd: this.#folder, timeout: 60_000 }
      const { stdout, stderr } = await run(program, words, options)
      return { ok: true, text: `${stdout}${stderr}`.trim() }
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
      return { ok: false, text: `${stdout}${stderr}`.trim() }
    }
  }

  /**
   * Submits a job. @returns its number
   * @param variables of its environment
   */
  async submit(words: readonly string[], variables: Record<string, string> = {}): Promise<string> {
    const exported = Object.entries(variables).map(([name, value]) => `,${name}=${value}`)
    const { ok, text } = await this.say('sbatch', '--parsable', `--export=ALL${exported.join('')}`, ...words)
    if (!ok) throw new Error(text)
    return text
  }

  /** The jobs that have not ended. */
  async jobs(): Promise<readonly Job[]> {
    const { ok, text } = await this.say('squeue', '-h', '-r', '-O', 'ArrayJobID:20,ArrayTaskID:20,State:20,NodeList:20')
    if (!ok) throw new Error(text)
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [array = '', task = '', state = '', node = ''] = line.trim().split(/\s+/)
        return { id: task === 'N/A' ? array : `${array}_${task}`, state, node }
      })
  }

  /** Lets jobs that are queued again start at once: Slurm has them wait for two minutes. */
  async hurry(): Promise<void> {
    for (const { id, state } of await this.jobs())
      if (state === 'PENDING') await this.say('scontrol', 'update', `JobId=${id}`, 'StartTime=now')
  }

  async #spawn(name: string, program: string, words: readonly string[]): Promise<void> {
    const log = await open(join(this.#folder, `${name}.out`), 'a')
    try {
      const stdio = ['ignore', log.fd, log.fd] as const
      const child = spawn(program, words, { env: this.#environment, cwd: this.#folder, stdio: [...stdio] })
      await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
      this.#children.set(name, child)
    } finally {
      await log.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, child] of [...this.#children].reverse())
      await ended(child, /^(munged|slurmctld)$/.test(name) ? 'SIGTERM' : 'SIGKILL')
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const over = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await over
}

/** Ports that nobody listens on at the moment. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ports.push((server.address() as { port: number }).port)
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
  return ports
}

/** Two partitions: whoever asks for the urgent one takes nodes from the other, whose jobs are queued again. */
function configuration(folder: string, nodes: readonly string[], [port, ...ports]: readonly number[]): string {
  return `ClusterName=vmon
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=${port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge
CredType=cred/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/%n/slurmd.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=2
SlurmctldParameters=preempt_send_user_signal
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdTimeout=10
ReturnToService=2
KillWait=30
RequeueExit=75
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill
${nodes.map((node, index) => `NodeName=${node} NodeHostname=localhost NodeAddr=127.0.0.1 Port=${ports[index]} CPUs=4 RealMemory=4096`).join('\n')}
PartitionName=batch Nodes=ALL Default=YES PriorityTier=1 GraceTime=90
PartitionName=urgent Nodes=ALL PriorityTier=10 PreemptMode=OFF
`
}
