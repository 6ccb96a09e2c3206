import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { writePlainProgram } from '../programs.ts'
import type { SuiteRun, Tally } from '../suite.ts'

const run = promisify(execFile)
/** In milliseconds: how long anything may take. */
const patience = 120_000
const idle = ['-display', 'none', '-nodefaults', '-S', '-drive', 'if=none,id=d,driver=null-co,size=1M']

/** Prometheus watches a folder of machines, vmon's and QEMU's; its own tool has nothing to say against what it reads. */
export async function watching({ signal, print }: SuiteRun): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-watch-'))
  const children: ChildProcess[] = []
  let [passed, failed] = [0, 0]
  const step = async (what: string, prove: () => Promise<void>): Promise<void> => {
    if (signal.aborted) return
    try {
      await prove()
      print(`ok   watching: ${what}`)
      passed++
    } catch (error) {
      print(`FAIL watching: ${what}\n     ${(error as Error).message}`)
      failed++
    }
  }
  const start = (program: string, ...words: readonly string[]): ChildProcess => {
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] })
    children.push(child)
    return child
  }
  try {
    const vmon = await writePlainProgram(folder, 'vmon')
    for (const [name, program, ...more] of [
      ['one', vmon],
      ['two', vmon, '-accel', 'none'],
      ['three', '/usr/bin/qemu-system-i386'],
    ] as const)
      start(program, ...idle, ...more, '-name', name, '-qmp', `unix:${folder}/${name}-qmp.sock,server=on,wait=off`)
    const watcher = start(vmon, 'metrics', '--listen', '127.0.0.1:0', folder)
    const address = await firstAddress(watcher)
    const metrics = async (): Promise<string> => (await fetch(`http://${address}/metrics`)).text()
    await until('all machines answer', async () => (await metrics()).match(/^vmon_up\{.*\} 1$/gm)?.length === 3)

    await step('promtool has nothing to say', async () => {
      const page = join(folder, 'page')
      await writeFile(page, await metrics())
      const { stdout, stderr } = await run('sh', ['-c', `promtool check metrics <${page}`])
      assert.equal(stdout + stderr, '')
    })
    await step('Prometheus knows all machines, and that they are paused', async () => {
      const port = await freePort()
      const settings = join(folder, 'prometheus.yml')
      const scrape = `  - job_name: machines\n    scrape_interval: 1s\n    static_configs: [{ targets: ["${address}"] }]\n`
      await writeFile(settings, `scrape_configs:\n${scrape}`)
      const storage = `--storage.tsdb.path=${join(folder, 'data')}`
      start('prometheus', `--config.file=${settings}`, storage, `--web.listen-address=127.0.0.1:${port}`)
      const count = async (expression: string): Promise<number> => {
        const query = new URLSearchParams({ query: `count(${expression})` })
        const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?${query}`).catch(() => undefined)
        const { data } = ((await answer?.json().catch(() => undefined)) ?? {}) as Answer
        return Number(data?.result[0]?.value[1] ?? 0)
      }
      await until('it knows three', async () => (await count('vmon_up == 1')) === 3)
      await until('it knows run states', async () => (await count('vmon_run_state{state="prelaunch"} == 1')) === 3)
    })
  } finally {
    for (const child of children.reverse()) await ended(child)
    await rm(folder, { recursive: true, force: true })
  }
  return { passed, failed }

  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + patience
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`never: ${what}`)
      await pause(200, undefined, { signal })
    }
  }
}

interface Answer {
  readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] }
}

/** The HOST:PORT that a program tells first. */
async function firstAddress(child: ChildProcess): Promise<string> {
  let said = ''
  for await (const chunk of child.stderr!) {
    said += chunk
    const [, address] = /^Serving http:\/\/([\d.:]+)/.exec(said) ?? []
    if (address !== undefined) return address
  }
  throw new Error(`vmon metrics tells no address: ${said}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const over = once(child, 'exit')
  child.kill('SIGTERM')
  await over
}
