import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../../../contrib/slurm/vmon.sbatch', import.meta.url))

/** A program in vmon's place: it notes its words, and a machine ends when it is told to, or at once with a status. */
const inPlace = `#!/bin/bash
cd "\${0%/*}"
printf '%s\\n' "$*" >> said
case "$1 $2" in
  'img info') echo '    "format": "raw",' ;;
  'img create')
    [ "\${CREATE:-}" != fail ] || exit 1
    if [ "\${CREATE:-}" = wait ]; then echo creating; read -r _ < go; fi
    touch "\${!#}" ;;
  img*) ;;
  shell*) if [ "\${!#}" = quit ]; then kill "$(cat machine)"; fi ;;
  *)
    [ -z "\${ENDS:-}" ] || exit "$ENDS"
    echo $$ > machine
    echo running
    exec sleep 600 ;;
esac
`

/** @param name - of the folder that the machine's folder is in */
async function job(t: TestContext, name = 'work') {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-sbatch-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await mkdir(join(folder, name))
  await writeFile(join(bin, 'vmon'), inPlace, { mode: 0o755 })
  await writeFile(join(bin, 'scontrol'), `#!/bin/sh\necho "scontrol $*"\nexit 1\n`, { mode: 0o755 })
  await writeFile(join(folder, 'image'), '')
  const start = (variables: Record<string, string> = {}, ...words: readonly string[]) => {
    const child: ChildProcess = spawn('bash', [script, join(folder, 'image'), ...words], {
      env: {
        ...{ PATH: `${bin}:${process.env['PATH']}`, SLURM_JOB_ID: '7', SLURM_SUBMIT_DIR: join(folder, name) },
        ...{ VMON_SOCKETS: join(folder, 'sockets'), VMON_CHECKPOINT_SECONDS: '0' },
        ...variables,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.after(() => child.kill('SIGKILL'))
    const closed = once(child, 'close')
    let text = ''
    let heard: (() => void) | undefined
    child.stdout!.setEncoding('utf8').on('data', (more: string) => {
      text += more
      heard?.()
    })
    const says = async (what: string): Promise<void> => {
      while (!text.includes(what))
        await new Promise<void>((resolve) => {
          heard = resolve
        })
    }
    const end = async () => ({ status: (await closed)[0] as number | null, text })
    return { child, says, end }
  }
  const said = async (): Promise<string> => readFile(join(bin, 'said'), 'utf8').catch(() => '')
  const socketsLeft = async (): Promise<readonly string[]> => readdir(join(folder, 'sockets')).catch(() => [])
  return { folder, bin, start, said, socketsLeft }
}

test('a job that has to give way while its image is made is queued again, and leaves no sockets', async (t) => {
  const { bin, start, said, socketsLeft } = await job(t)
  const made = spawn('mkfifo', [join(bin, 'go')])
  await once(made, 'exit')
  const { child, says, end } = start({ CREATE: 'wait' })
  await says('creating')
  assert.deepEqual(await socketsLeft(), ['vmon-7'])
  child.kill('SIGTERM')
  await writeFile(join(bin, 'go'), '\n')
  const { status, text } = await end()
  assert.equal(status, 75)
  assert.match(text, /has to give way before it has started\nscontrol requeue 7\n$/)
  assert.doesNotMatch(await said(), /-drive/)
  assert.deepEqual(await socketsLeft(), [])
})

test('a job that has to give way makes a checkpoint, ends its machine, and is queued again', async (t) => {
  const { start, said, socketsLeft } = await job(t)
  const { child, says, end } = start()
  await says('running')
  child.kill('SIGTERM')
  const { status, text } = await end()
  assert.equal(status, 75)
  assert.match(text, /has to give way\n.* checkpoint 1\nscontrol requeue 7\n$/)
  assert.match(await said(), /qmp\.sock stop\n.*savevm checkpoint-1\n[\s\S]*qmp\.sock quit\n$/)
  assert.deepEqual(await socketsLeft(), [])
})

test('a job that fails leaves no sockets, and does not take those of somebody else', async (t) => {
  const { folder, start, socketsLeft } = await job(t)
  assert.equal((await start({ CREATE: 'fail' }).end()).status, 1)
  assert.deepEqual(await socketsLeft(), [])
  await mkdir(join(folder, 'other'))
  await symlink(join(folder, 'other'), join(folder, 'sockets', 'vmon-7'))
  const { status, text } = await start().end()
  assert.equal(status, 1)
  assert.match(text, /cannot make .*vmon-7\n$/)
  assert.ok(existsSync(join(folder, 'other')))
  await rm(join(folder, 'sockets', 'vmon-7'))
  await mkdir(join(folder, 'sockets', 'vmon-7')) // as a node that has lost its power leaves it
  assert.equal((await start({ ENDS: '0' }).end()).status, 0)
  assert.deepEqual(await socketsLeft(), [])
})

test('a machine that has ended is not waited for, however soon it has', async (t) => {
  for (const seconds of ['0', '600']) {
    const { start } = await job(t)
    const { status, text } = await start({ ENDS: '3', VMON_CHECKPOINT_SECONDS: seconds }).end()
    assert.deepEqual([status, text.match(/has ended.*/)?.[0]], [3, 'has ended with status 3'])
  }
})

test('no number of checkpoints to keep is less than one', async (t) => {
  const { start, said } = await job(t)
  for (const kept of ['0', '-1', 'all', '00'])
    assert.equal((await start({ VMON_CHECKPOINTS_KEPT: kept }).end()).status, 64, kept)
  assert.equal(await said(), '')
})

test("a folder's name may have commas and what a shell makes something of", async (t) => {
  const { folder, start, said } = await job(t, 'a, b & c')
  const { status } = await start({ ENDS: '0' }, '-kernel', '{folder}/{id}/{port}').end()
  assert.equal(status, 0)
  const words = await said()
  assert.ok(words.includes(`-drive file=${folder}/a,, b & c/7/disk.qcow2,format=qcow2`), words)
  assert.ok(words.includes(`path=${folder}/a,, b & c/7/serial.log,append=on`), words)
  assert.ok(words.includes(`-kernel ${folder}/a, b & c/7/7/20007\n`), words)
})
