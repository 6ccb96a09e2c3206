/** `vmon ps` and `vmon metrics`: many machines, vmon's and QEMU's, by the sockets in a folder. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'

const [program, ...words] = vmon.command as [string, ...string[]]
const idle = ['-display', 'none', '-nodefaults', '-S', '-drive', 'if=none,id=d,driver=null-co,size=1M']

interface Outcome {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

async function runVmon(...more: readonly string[]): Promise<Outcome> {
  const child = spawn(program, [...words, ...more], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, output, errors }
}

/** The values of a family, by their labels; the format is checked line by line. */
function valuesOf(text: string, family: string): Record<string, number> {
  const values: Record<string, number> = {}
  for (const line of text.trimEnd().split('\n')) {
    if (/^# (HELP|TYPE) vmon_\w+ \S/.test(line)) continue
    const sample = /^(vmon_\w+)\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\} (\S+)$/.exec(line)
    assert.ok(sample !== null, line)
    if (sample[1] === family) values[sample[2]!] = Number(sample[3])
  }
  return values
}

describe('many machines', { skip: qemu.skip }, () => {
  let folder: string
  let servers: Server[] = []
  const silent = createServer()
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vmon-many-'))
    const place = (name: string): string[] => [
      '-name',
      name,
      '-qmp',
      `unix:${folder}/${name}-qmp.sock,server=on,wait=off`,
    ]
    servers = await Promise.all([
      Server.start([...vmon.command, ...idle, '-accel', 'none', ...place('one')]),
      Server.start([...qemu.command, ...idle, ...place('two')]),
    ])
    for (const [index, name] of ['one', 'two'].entries())
      await servers[index]!.listening(`../${basename(folder)}/${name}-qmp.sock`)
    // Neither is a machine: a file of that name, and a socket of another.
    await writeFile(join(folder, 'qmp.log'), '')
    await mkdir(join(folder, 'empty'))
    silent.listen(join(folder, 'serial.sock'))
    await once(silent, 'listening')
  })
  after(async () => {
    silent.close()
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
    await rm(folder, { recursive: true })
  })

  it('are listed', async () => {
    const { status, output } = await runVmon('ps', folder)
    assert.equal(status, 0)
    assert.equal(
      output.replaceAll(folder, 'F'),
      'NAME  STATE      CPUS  JOBS  ADDRESS\n' +
        'one   prelaunch  1     0     unix:F/one-qmp.sock\n' +
        'two   prelaunch  1     0     unix:F/two-qmp.sock\n',
    )
    const quiet = await runVmon('ps', '-q', `${folder}/one-qmp.sock`, `${folder}/none`)
    assert.deepEqual([quiet.status, quiet.output], [1, `${folder}/one-qmp.sock\n`])
    const nobody = await runVmon('ps', '-q', `${folder}/empty`)
    const complaint = `vmon ps: ${folder}/empty: no sockets of QMP servers there\n`
    assert.deepEqual(nobody, { status: 0, output: '', errors: complaint })
  })

  it('are told to Prometheus', async () => {
    const missing = [`${folder}/none`, `${folder}/empty`] as const
    const { status, output, errors } = await runVmon('metrics', '--once', folder, ...missing)
    assert.equal(status, 0)
    const complaints = [
      `${missing[0]}: Failed to connect to '${missing[0]}': No such file or directory`,
      `${missing[1]}: no sockets of QMP servers there`,
    ]
    assert.deepEqual(errors.trimEnd().split('\n').sort(), complaints.map((text) => `vmon metrics: ${text}`).sort())
    const [one, two] = ['one', 'two'].map((name) => `address="unix:${folder}/${name}-qmp.sock",name="${name}"`)
    assert.deepEqual(valuesOf(output, 'vmon_up'), { [one!]: 1, [two!]: 1, [`address="${folder}/none",name=""`]: 0 })
    const prelaunch = { [`${one},state="prelaunch"`]: 1, [`${two},state="prelaunch"`]: 1 }
    assert.deepEqual(valuesOf(output, 'vmon_run_state'), prelaunch)
    assert.deepEqual(valuesOf(output, 'vmon_running'), { [one!]: 0, [two!]: 0 })
    assert.deepEqual(valuesOf(output, 'vmon_memory_bytes'), { [one!]: 128 << 20, [two!]: 128 << 20 })
    const reads = { [`${one},device="d"`]: 0, [`${two},device="d"`]: 0 }
    assert.deepEqual(valuesOf(output, 'vmon_block_reads_total'), reads)
    assert.ok(Object.values(valuesOf(output, 'vmon_cpu_seconds_total')).every((seconds) => seconds >= 0))
  })

  it('are asked anew for each scrape, over HTTP', async () => {
    const child = spawn(program, [...words, 'metrics', '--listen', '127.0.0.1:0', folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = once(child, 'close')
    const [said] = (await once(child.stderr, 'data')) as [Buffer]
    const url = /^Serving (http:\S+)\n$/.exec(said.toString())?.[1]
    assert.ok(url !== undefined, said.toString())
    const [first, second] = await Promise.all([fetch(url), fetch(url)])
    assert.equal(first.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    for (const response of [first, second])
      assert.equal(Object.keys(valuesOf(await response.text(), 'vmon_up')).length, 2)
    assert.equal((await fetch(url, { method: 'POST' })).status, 405)
    assert.equal((await fetch(new URL('/../etc/passwd', url))).status, 404)
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  })

  it('words that make no sense are refused', async () => {
    for (const [line, complaint] of [
      [['ps'], 'vmon ps: an ADDRESS or a FOLDER is needed; see vmon ps --help\n'],
      [['metrics'], 'vmon metrics: an ADDRESS or a FOLDER is needed; see vmon metrics --help\n'],
      [['metrics', '--listen', 'x', folder], "vmon metrics: --listen takes HOST:PORT, not 'x'\n"],
    ] as const)
      assert.deepEqual(await runVmon(...line), { status: 2, output: '', errors: complaint })
  })
})
