import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writePlainProgram } from '../programs.ts'
import type { SuiteRun, Tally } from '../suite.ts'
import { type Counted, countedOn, writeCountingDisk } from './counting-guest.ts'
import { SlurmCluster } from './slurm-cluster.ts'

const run = promisify(execFile)
const script = fileURLToPath(new URL('../../../../contrib/slurm/vmon.sbatch', import.meta.url))
const nodes = ['n1', 'n2', 'n3']
const machines = 12
const goal = 160

/**
 * Twelve machines as an array job on three nodes, by the script in contrib/slurm. One node loses its power, and an urgent
 * job takes the place of a machine on another: all twelve reach their goal, each started once, nothing left out or twice.
 */
export async function slurm({ signal, print }: SuiteRun): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-slurm-'))
  let [passed, failed] = [0, 0]
  const step = async (what: string, prove: () => Promise<string | undefined>): Promise<void> => {
    if (signal.aborted) return
    try {
      const seen = await prove()
      print(`ok   slurm: ${what}${seen === undefined ? '' : ` (${seen})`}`)
      passed++
    } catch (error) {
      print(`FAIL slurm: ${what}\n     ${(error as Error).message.replaceAll('\n', '\n     ')}`)
      failed++
    }
  }
  try {
    const vmon = await writePlainProgram(folder, 'vmon')
    const image = join(folder, 'count.img')
    await writeCountingDisk(image, goal)
    const work = join(folder, 'work')
    await mkdir(work)
    await using cluster = await SlurmCluster.start(join(folder, 'c'), nodes)
    const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
      const end = Date.now() + 300_000
      while (!(await holds())) {
        if (Date.now() > end) throw new Error(`never: ${what}; ${JSON.stringify(await cluster.jobs())}`)
        await pause(500, undefined, { signal })
      }
    }
    const variables = { VMON: vmon, VMON_FOLDER: work, VMON_SOCKETS: folder, VMON_CHECKPOINT_SECONDS: '10' }
    const job = await cluster.submit(
      [`--array=1-${machines}`, '--mem=320M', `--output=${work}/%a.out`, '--time=30', script, image],
      { ...variables, VMON_CHECKPOINTS_KEPT: '100' },
    )
    const folderOf = (machine: number): string => join(work, `${job}.${machine}`)
    const outputs = async (): Promise<readonly string[]> =>
      Promise.all(range(machines).map((machine) => readFile(join(work, `${machine}.out`), 'utf8').catch(() => '')))

    await step('twelve machines count on three nodes, and each has a checkpoint', async () => {
      await until('a checkpoint each', async () => (await outputs()).every((text) => / checkpoint 1$/m.test(text)))
      return undefined
    })
    let cut: readonly string[] = []
    await step('a node loses its power: its jobs are queued again', async () => {
      cut = (await cluster.jobs()).filter(({ node }) => node === 'n2').map(({ id }) => id)
      assert.equal(cut.length, machines / nodes.length)
      await cluster.cutOff('n2')
      await cluster.submit(['-p', 'urgent', '--mem=64M', '--nodelist=n3', '-o', '/dev/null', '--wrap', 'sleep 5'])
      await until('they are queued', async () =>
        (await cluster.jobs()).every(({ id, state }) => !cut.includes(id) || state === 'PENDING'),
      )
      return `${cut.length} of ${machines}`
    })
    await step('an urgent job takes the place of a machine, which is checkpointed and queued again', async () => {
      await until('one has given way', async () =>
        (await outputs()).some((text) => /has to give way\n.* checkpoint \d+$/m.test(text)),
      )
      await until('it is queued', async () =>
        (await cluster.jobs()).some(({ id, state }) => !cut.includes(id) && state === 'PENDING'),
      )
      return undefined
    })
    await step('all machines reach their goal', async () => {
      await until('no job is left', async () => {
        await cluster.hurry()
        return (await cluster.jobs()).length === 0
      })
      for (const text of await outputs()) assert.match(text, /has ended with status 0\n$/)
      return undefined
    })
    await step(
      'those that were cut off, and the one that gave way, have gone on from a checkpoint elsewhere',
      async () => {
        const movers = (await outputs()).filter((text) => /goes on from checkpoint/.test(text))
        assert.equal(movers.length, cut.length + 1)
        const elsewhere = movers.filter((text) => new Set(text.match(/ n\d(?=: )/g)).size > 1)
        assert.ok(elsewhere.length >= cut.length, movers.join('\n'))
        return `${movers.length} of ${machines}`
      },
    )
    await step('nothing is lost but what came after the last checkpoint', async () => {
      let again = 0
      for (const machine of range(machines)) {
        const { starts, count, steps } = await seenByGuest(join(folderOf(machine), 'disk.qcow2'))
        assert.deepEqual({ starts, count }, { starts: 1, count: goal }, `machine ${machine}`)
        assert.deepEqual(steps, range(goal), `machine ${machine}`)
        again += repeated(await readFile(join(folderOf(machine), 'serial.log'), 'latin1'), machine)
      }
      return `${again} of ${machines * goal} steps were done again`
    })
    await step('a machine that is told to give way presses the power button, then makes a checkpoint', async () => {
      const words = [`--output=${work}/button.out`, '--mem=320M', script, image]
      const id = await cluster.submit(words, { ...variables, VMON_BUTTON_SECONDS: '3' })
      const output = async (): Promise<string> => readFile(join(work, 'button.out'), 'utf8').catch(() => '')
      await until('it has a checkpoint', async () => / checkpoint 1$/m.test(await output()))
      await cluster.say('scancel', '--batch', '--signal=TERM', id)
      await until('it has another', async () => /give way\n.* checkpoint \d+$/m.test(await output()))
      await until('it is queued', async () => (await cluster.jobs()).some(({ state }) => state === 'PENDING'))
      await cluster.say('scancel', id)
      return undefined
    })
    await step('a machine that cannot start fails its job', async () => {
      const id = await cluster.submit([`--output=${work}/bad.out`, '--mem=320M', script, image, '-nonsense'], variables)
      let said = ''
      await until('it has failed', async () => {
        said = (await cluster.say('scontrol', 'show', 'job', id)).text
        return /JobState=FAILED/.test(said)
      })
      assert.match(said, /ExitCode=1:0/)
      return undefined
    })
    if (failed > 0)
      for (const file of await readdir(work)) if (file.endsWith('.out')) print(await tail(join(work, file)))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { passed, failed }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/** What the guest sees of its disk. */
async function seenByGuest(image: string): Promise<Counted> {
  const options = { encoding: 'buffer', maxBuffer: 16 << 20 } as const
  const raw = `${image}.raw`
  await run('qemu-img', ['convert', '-O', 'raw', image, raw], options)
  return countedOn(await readFile(raw))
}

/** How many lines a guest has said more than once: each time, all that follow the line that it goes on from. */
function repeated(serial: string, machine: number): number {
  assert.match(serial, /\nDONE\n$/, `machine ${machine}`)
  assert.doesNotMatch(serial, /LOST|BAD/, `machine ${machine}`)
  let [last, again] = [0, 0]
  for (const number of serial.match(/^\d+$/gm)!.map(Number)) {
    assert.ok(number <= last + 1, `machine ${machine}: ${number} follows ${last}`)
    again += last + 1 - number
    last = number
  }
  return again
}

async function tail(file: string): Promise<string> {
  return `${file}:\n${(await readFile(file, 'utf8')).split('\n').slice(-12).join('\n')}`
}
