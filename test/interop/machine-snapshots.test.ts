/** The whole machine inside its images: kept, listed as QEMU lists it, loaded here and elsewhere, refused where it does not fit. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type MachineOptions, type RunningMachine, startMachine } from '../../src/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { qemu, vmon } from '../oracle/programs.ts'

const skip = missingProgram('qemu-img')
const place = 3 << 20
/** So many snapshots are in one image. */
const many = Number(process.env['VMON_SNAPSHOTS'] ?? 50)

async function images(t: TestContext): Promise<readonly [string, string]> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-snapshots-'))
  t.after(() => rm(folder, { recursive: true }))
  const paths = [join(folder, 'a.qcow2'), join(folder, 'b.qcow2')] as const
  for (const path of paths) execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', path, '4M'])
  return paths
}

function optionsOf([a, b]: readonly [string, string]): MachineOptions {
  return {
    accel: 'none',
    memory: 16,
    drives: [
      { file: a, format: 'qcow2', if: 'none', id: 'a' },
      { file: b, format: 'qcow2', if: 'none', id: 'b' },
    ],
  }
}

async function hmp({ qmp }: RunningMachine, line: string): Promise<string> {
  return qmp.execute('human-monitor-command', { 'command-line': line })
}

/** A machine whose memory and disks hold a number. */
async function become(vm: RunningMachine, value: number): Promise<void> {
  await vm.machine.board.writePhysical(place, new Uint8Array(100_000).fill(value))
  for (const disk of ['a', 'b']) assert.equal(await hmp(vm, `qemu-io ${disk} "write -q -P ${value} 64k 1M"`), '')
}

async function assertIs(vm: RunningMachine, value: number): Promise<void> {
  assert.deepEqual(await vm.machine.board.readPhysical(place, 100_000), new Uint8Array(100_000).fill(value))
  for (const disk of ['a', 'b']) assert.equal(await hmp(vm, `qemu-io ${disk} "read -q -P ${value} 64k 1M"`), '')
}

async function runState({ qmp }: RunningMachine): Promise<string> {
  return (await qmp.execute('query-status')).status
}

function assertSound(paths: readonly string[]): void {
  for (const path of paths) execFileSync('qemu-img', ['check', '-q', path])
}

/** Dates, and how long a state is, are each program's own. */
function plain(text: string): string {
  return text.replaceAll(/\d\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d/g, 'DATE').replaceAll(/[ \d.]{5} [KM]iB/g, '    SIZE ')
}

describe('the machine inside its images', { skip }, () => {
  it('comes back with memory and disks, in this process and in others, running or not', async (t) => {
    const paths = await images(t)
    {
      await using vm = await startMachine(optionsOf(paths))
      for (const value of [1, 2]) {
        await become(vm, value)
        assert.equal(await hmp(vm, `savevm s${value}`), '')
        assert.equal(await runState(vm), 'running')
      }
      await become(vm, 3)
      for (const value of [1, 2, 1]) {
        assert.equal(await hmp(vm, `loadvm s${value}`), '')
        assert.equal(await runState(vm), 'running')
        await assertIs(vm, value)
      }
    }
    assertSound(paths)
    for (const value of [2, 1]) {
      await using vm = await startMachine({ ...optionsOf(paths), loadvm: `s${value}`, paused: value === 1 })
      assert.equal(await runState(vm), value === 1 ? 'prelaunch' : 'running')
      await assertIs(vm, value)
    }
    await assert.rejects(startMachine({ ...optionsOf(paths), loadvm: 's3' }), {
      message: "Snapshot 's3' does not exist in one or more devices",
    })
    await assert.rejects(startMachine({ ...optionsOf(paths), loadvm: 's1', incoming: 'defer' }), {
      message: "'incoming' and 'loadvm' options are mutually exclusive",
    })
    assertSound(paths)
  })

  it(`has room for ${many} snapshots, each of which can be loaded and deleted`, async (t) => {
    const paths = await images(t)
    await using vm = await startMachine({ ...optionsOf(paths), paused: true })
    for (let value = 1; value <= many; value++) {
      await become(vm, value)
      assert.equal(await hmp(vm, `savevm s${value}`), '')
    }
    const listed = execFileSync('qemu-img', ['snapshot', '-lU', paths[0]], { encoding: 'utf8' })
    assert.equal(listed.match(/^\d+ +s\d+ +[\d.]+ [KM]iB /gm)?.length, many, listed)
    const { size } = await stat(paths[0])
    for (let value = many; value >= 1; value -= 7) {
      assert.equal(await hmp(vm, `loadvm s${value}`), '')
      await assertIs(vm, value)
    }
    for (let value = 1; value <= many; value++) assert.equal(await hmp(vm, `delvm s${value}`), '')
    assert.match(await hmp(vm, 'info snapshots'), /There is no snapshot available/)
    await become(vm, 77)
    assert.equal(await hmp(vm, 'savevm again'), '')
    assert.ok((await stat(paths[0])).size <= size, 'what was deleted is used again')
    await assertIs(vm, 77)
    await vm.close()
    assertSound(paths)
  })

  it('is listed as by QEMU', { skip: qemu.skip }, async (t) => {
    const [a, b] = await images(t)
    const snapshot = (path: string, name: string) => execFileSync('qemu-img', ['snapshot', '-c', name, path])
    for (const [path, name] of [
      [a, 'one'],
      [b, 'two'],
      [b, 'both'],
      [a, 'both'],
    ] as const)
      snapshot(path, name)
    const setups: readonly (readonly string[])[] = [
      ['-drive', `file=${a},format=qcow2,if=none,id=a`, '-drive', `file=${b},format=qcow2,if=none,id=b`],
      [
        '-drive',
        `file=${a},format=qcow2,if=none,id=a`,
        '-blockdev',
        `driver=qcow2,node-name=b,file.driver=file,file.filename=${b}`,
      ],
      [
        '-blockdev',
        `driver=qcow2,node-name=b,file.driver=file,file.filename=${b}`,
        '-drive',
        `file=${a},format=qcow2,if=none,id=a,readonly=on`,
      ],
      ['-drive', `file=${a},format=qcow2,if=none,id=a`],
    ]
    for (const setup of setups) {
      const [theirs, ours] = [qemu, vmon].map(({ command: [program, ...before] }) =>
        execFileSync(
          program!,
          [
            ...before,
            '-display',
            'none',
            '-nodefaults',
            '-S',
            '-accel',
            'tcg',
            '-m',
            '16',
            '-monitor',
            'stdio',
            ...setup,
          ],
          { encoding: 'utf8', input: 'savevm three\ninfo snapshots\ndelvm three\ninfo snapshots\nquit\n' },
        ),
      ) as [string, string]
      const shown = (text: string): string => plain(text.slice(text.indexOf('info snapshots')))
      assert.equal(shown(ours), shown(theirs))
      assert.match(ours, /List of snapshots/)
    }
  })

  it('is refused by a machine of another kind, which stands still then and can begin anew', async (t) => {
    const paths = await images(t)
    {
      await using vm = await startMachine(optionsOf(paths))
      await become(vm, 1)
      await hmp(vm, 'savevm s1')
    }
    const told: string[] = []
    await using other = await startMachine({ ...optionsOf(paths), memory: 32 }, { complain: (text) => told.push(text) })
    const difference = "the stream is of another machine: its ramBytes is 16777216, this one's is 33554432"
    assert.equal(await hmp(other, 'loadvm s1'), `${difference}\r\nError: Error -22 while loading VM state\r\n`)
    assert.equal(await runState(other), 'restore-vm')
    await other.qmp.execute('system_reset')
    await other.qmp.execute('cont')
    assert.equal(await runState(other), 'running')
    const drives = await other.qmp.execute('query-block')
    const nodes = drives.flatMap(({ inserted }) => inserted?.['node-name'] ?? [])
    await other.qmp.execute('snapshot-load', { 'job-id': 'j', tag: 's1', vmstate: nodes[0]!, devices: nodes })
    for (;;) {
      const [job] = await other.qmp.execute('query-jobs')
      if (job?.status === 'concluded') {
        assert.equal(job.error, 'Error -22 while loading VM state')
        break
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    assert.deepEqual(told, [difference])
    await other.close()
    assertSound(paths)
  })

  it('that finds no room leaves what there was, and the machine runs on', async (t) => {
    const paths = await images(t)
    const failing: MachineOptions = {
      ...optionsOf(paths),
      drives: [
        {
          ...{ 'file.driver': 'blkdebug', 'file.image.driver': 'file', 'file.image.filename': paths[0] },
          ...{ 'file.inject-error.0.event': 'vmstate_save', 'file.inject-error.0.once': 'on' },
          ...{ format: 'qcow2', if: 'none', id: 'a' },
        },
        { file: paths[1], format: 'qcow2', if: 'none', id: 'b' },
      ],
    }
    {
      await using vm = await startMachine(optionsOf(paths))
      await become(vm, 1)
      await hmp(vm, 'savevm s')
    }
    {
      await using vm = await startMachine(failing, { complain: () => undefined })
      await become(vm, 2)
      assert.equal(await hmp(vm, 'savevm s'), 'Error: Error while writing VM state: Input/output error\r\n')
      assert.equal(await runState(vm), 'running')
      await assertIs(vm, 2)
      assert.equal(await hmp(vm, 'loadvm s'), '')
      await assertIs(vm, 1)
    }
    assertSound(paths)
  })

  it('is not kept while the machine is on its way to another one', async (t) => {
    const paths = await images(t)
    await using vm = await startMachine(optionsOf(paths))
    await vm.qmp.execute('migrate-set-parameters', { 'max-bandwidth': 1000 })
    await become(vm, 1)
    await vm.machine.board.writePhysical(0, new Uint8Array(4 << 20).fill(9))
    await vm.qmp.execute('migrate', { uri: 'exec:cat >/dev/null' })
    assert.equal(await hmp(vm, 'savevm s'), "Error: There's a migration process in progress\r\n")
    assert.equal(await runState(vm), 'running')
    await vm.qmp.execute('migrate_cancel')
  })
})
