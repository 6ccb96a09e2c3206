import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { missingProgram } from '../oracle/peers.ts'
import { vmon } from '../oracle/programs.ts'
import { run, runVmon, scratch } from './nbd-programs.ts'

const qemu = 'qemu-storage-daemon'

/** Says commands to a program on its standard input. @returns the lines of its answer, without times */
async function converse(command: readonly string[], said: readonly object[]): Promise<string[]> {
  const [program, ...words] = command
  const child = spawn(program!, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  let answer = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer += text
  })
  child.stdin.end(said.map((each) => `${JSON.stringify(each)}\n`).join(''))
  const [status] = await once(child, 'close')
  assert.equal(status, 0)
  return answer.replaceAll(/"timestamp": \{[^}]*\}/g, '"timestamp": 0').split(/\r?\n/)
}

const commands = (...list: readonly (readonly [name: string, words?: object])[]) =>
  list.map(([execute, words]) => ({ execute, ...(words !== undefined && { arguments: words }) }))

describe('vmon storage', { timeout: 300_000, skip: missingProgram(qemu, 'nbdinfo') }, () => {
  it('says what qemu-storage-daemon says', async () => {
    await using files = await scratch()
    const socket = files.path('s')
    const words = [
      ...['--object', 'secret,id=password,data=x', '--blockdev', 'null-co,node-name=n,size=1048576'],
      ...['--nbd-server', `addr.type=unix,addr.path=${socket}`, '--export', 'nbd,id=e,node-name=n,writable=on'],
      ...['--chardev', 'stdio,id=terminal', '--monitor', 'terminal'],
    ]
    const said = commands(
      ['qmp_capabilities'],
      ['query-version'],
      ['query-status'],
      ['query-block-exports'],
      ['query-named-block-nodes'],
      ['query-block'],
      ['query-blockstats'],
      ['query-chardev'],
      ['qom-list', { path: '/' }],
      ['qom-list', { path: '/objects' }],
      ['block-dirty-bitmap-add', { node: 'n', name: 'b' }],
      ['block-export-add', { type: 'nbd', id: 'e', 'node-name': 'n' }],
      ['block-export-add', { type: 'nbd', id: 'f', 'node-name': 'n', name: 'f', writable: true, bitmaps: ['b'] }],
      ['block-stream', { device: 'n', 'job-id': 'job', 'auto-finalize': false, speed: 1000 }],
      ['query-jobs'],
      ['object-del', { id: 'password' }],
      ['device_add', { driver: 'ide-hd' }],
      ['quit'],
    )
    const ours = await converse([...vmon.command, 'storage', ...words], said)
    await rm(socket, { force: true })
    assert.deepEqual(ours, await converse([qemu, ...words], said))
    assert.ok(ours.length > said.length)
  })

  it('has the commands of qemu-storage-daemon, in its order', async () => {
    const words = ['--chardev', 'stdio,id=terminal', '--monitor', 'terminal']
    const said = commands(['qmp_capabilities'], ['query-commands'], ['quit'])
    const [ours, theirs] = await Promise.all([
      converse([...vmon.command, 'storage', ...words], said),
      converse([qemu, ...words], said),
    ])
    const names = (lines: readonly string[]): string[] =>
      JSON.parse(lines[2]!).return.map(({ name }: { name: string }) => name)
    assert.deepEqual(names(ours), names(theirs))
  })

  it('goes to the background when its exports can be used, and ends when it is told to', async () => {
    await using files = await scratch()
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', files.path('disk'), '1M'])
    const [socket, pidFile] = [files.path('s'), files.path('pid')]
    const started = await runVmon([
      ...['storage', '--blockdev', `file,node-name=file,filename=${files.path('disk')}`],
      ...['--blockdev', '{"driver":"qcow2","node-name":"disk","file":"file"}'],
      ...['--nbd-server', `addr.type=unix,addr.path=${socket}`, '--export', 'nbd,id=e,node-name=disk,name=one'],
      ...['--pidfile', pidFile, '--daemonize'],
    ])
    assert.deepEqual(started, { status: 0, out: '', errors: '' })
    const pid = Number(await readFile(pidFile, 'utf8'))
    try {
      const told = await run(['nbdinfo', '--size', `nbd+unix:///one?socket=${socket}`])
      assert.deepEqual(told, { status: 0, out: '1048576\n', errors: '' })
    } finally {
      process.kill(pid)
    }
    while (existsSync(pidFile)) await new Promise((resolve) => setTimeout(resolve, 20))
    assert.ok(!existsSync(socket))
  })

  it('is refused as qemu-storage-daemon is, where the option stands that is wrong', async () => {
    const node = ['--blockdev', 'null-co,node-name=n']
    for (const words of [
      ['word'],
      ['--blockdev', 'driver=file,node-name=a,filename=/nowhere'],
      ['--blockdev', 'help'],
      [...node, '--export', 'nbd,id=e,node-name=n'],
      [...node, ...node],
      ['--export', 'nbd'],
      ['--chardev', 'null,id=1'],
      ['--monitor', 'x'],
      ['--chardev', 'null,id=c', '--monitor', 'c,mode=readline'],
      ['--nbd-server', 'addr.type=unix'],
      ['--object', 'secret'],
      ['--pidfile', '/nowhere/pid'],
    ]) {
      const [ours, theirs] = await Promise.all([runVmon(['storage', ...words]), run([qemu, ...words])])
      assert.deepEqual({ ...ours, errors: ours.errors.replaceAll('vmon storage', qemu) }, theirs, words.join(' '))
    }
  })
})
