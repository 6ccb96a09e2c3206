import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { SuiteRun, Tally } from '../suite.ts'
import { countedOn, writeCountingDisk } from './counting-guest.ts'
import { type Confinement, Podman } from './podman.ts'

const run = promisify(execFile)
const contrib = fileURLToPath(new URL('../../../../contrib/', import.meta.url))
const manifest = join(contrib, 'kubernetes', 'machine.yaml')
const goal = 60

interface Probe {
  readonly exec: { readonly command: readonly string[] }
}

interface Container {
  readonly securityContext: Omit<Confinement, 'runAsUser' | 'runAsGroup'>
  readonly startupProbe: Probe
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly lifecycle: { readonly preStop: Probe }
}

interface StatefulSet {
  readonly kind: 'StatefulSet'
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number }
        readonly containers: readonly [Container]
      }
    }
  }
}

/**
 * The image of contrib/container, made by its script and run by Podman as contrib/kubernetes says: confined, with its probes
 * asked, and parked before it ends.
 */
export async function containers({ signal, print }: SuiteRun): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-pod-'))
  let [passed, failed] = [0, 0]
  const step = async (what: string, prove: () => Promise<void>): Promise<void> => {
    if (signal.aborted) return
    try {
      await prove()
      print(`ok   containers: ${what}`)
      passed++
    } catch (error) {
      print(`FAIL containers: ${what}\n     ${(error as Error).message.replaceAll('\n', '\n     ')}`)
      failed++
    }
  }
  try {
    const set = await statefulSet()
    await step('kubectl knows every word of the StatefulSet', async () => {
      const alone = join(folder, 'set.json')
      await writeFile(alone, JSON.stringify(set))
      const { stdout } = await run('kubectl', ['set', 'env', '--local', '-f', alone, '-o', 'json', 'X=1'])
      assertHas(JSON.parse(stdout), set, 'the manifest')
    })
    const podman = await Podman.in(folder)
    await step('the image is made', async () => {
      await podman.makeBase('base')
      const environment = { ...process.env, PODMAN: podman.program, BASE: 'localhost/base' }
      await run(join(contrib, 'container', 'build'), ['vmon'], { env: environment, maxBuffer: 16 << 20 })
    })
    const { securityContext: who, containers } = set.spec.template.spec
    const { securityContext, startupProbe, livenessProbe, readinessProbe, lifecycle } = containers[0]
    const confinement = { ...securityContext, ...who }
    const volume = join(folder, 'machine')
    await mkdir(volume)
    await writeCountingDisk(join(volume, 'disk.raw'), goal)
    const disk = join(volume, 'disk.qcow2')
    await run('qemu-img', ['convert', '-O', 'qcow2', join(volume, 'disk.raw'), disk])
    for (const path of [volume, disk]) await chown(path, who.runAsUser, who.runAsGroup)
    const ask = (...words: readonly string[]): Promise<string> => podman.say('exec', 'machine', ...words)
    const first = podman.start('machine', 'vmon', volume, confinement)
    await step('it starts, and its probes succeed', async () => {
      for (const { exec } of [startupProbe, livenessProbe, readinessProbe]) {
        const end = Date.now() + 120_000
        for (;;) {
          const fault = await ask(...exec.command).then(
            () => undefined,
            (error: Error) => error,
          )
          if (fault === undefined) break
          if (Date.now() > end) throw fault
          await pause(500, undefined, { signal })
        }
      }
    })
    await step(
      'it has no user of the host, no capabilities, no device, and nothing to write but its volume',
      async () => {
        const status = await ask('cat', '/proc/self/status')
        assert.match(status, new RegExp(`^Uid:\\s${who.runAsUser}\\s`, 'm'))
        for (const name of ['CapPrm', 'CapEff', 'CapBnd']) assert.match(status, new RegExp(`^${name}:\\s0+$`, 'm'))
        assert.match(status, /^NoNewPrivs:\s1$/m)
        for (const place of ['/x', '/opt/vmon/x', '/tmp/x'])
          await assert.rejects(ask('touch', place), /Read-only file system/)
        await assert.rejects(ask('test', '-e', '/dev/kvm'))
      },
    )
    await step('a machine whose readiness is asked while it stands still is not ready', async () => {
      await ask('vmon', 'shell', '/machine/qmp.sock', 'stop')
      await assert.rejects(ask(...readinessProbe.exec.command))
      await ask('vmon', 'shell', '/machine/qmp.sock', 'cont')
    })
    await step('before its pod ends it is parked, and the next goes on from there', async () => {
      await ask(...lifecycle.preStop.exec.command)
      const before = await first
      const after = await podman.start('machine', 'vmon', volume, confinement)
      assert.deepEqual([before.status, after.status], [0, 0], before.said + after.said)
      const numbers = (before.said + after.said).match(/^\d+(?=\r?$)/gm)!.map(Number)
      assert.deepEqual(
        numbers,
        Array.from({ length: goal }, (_, index) => index + 1),
      )
      assert.match(after.said, /\nDONE\r?\n/)
      assert.doesNotMatch(before.said, new RegExp(`^${goal}$`, 'm'))
      await run('qemu-img', ['convert', '-O', 'raw', disk, join(volume, 'disk.raw')])
      assert.equal(countedOn(await readFile(join(volume, 'disk.raw'))).starts, 1)
      assert.doesNotMatch((await run('qemu-img', ['snapshot', '-l', disk])).stdout, /parked/)
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { passed, failed }
}

/** The manifest's StatefulSet, as it is written. */
async function statefulSet(): Promise<StatefulSet> {
  const toJson = 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))'
  const { stdout } = await run('/usr/bin/python3', ['-c', toJson, manifest])
  return (JSON.parse(stdout) as readonly { readonly kind: string }[]).find(
    (each): each is StatefulSet => each.kind === 'StatefulSet',
  )!
}

/** Whether all that is in one value is in another, too; lists may be longer. */
function assertHas(whole: unknown, part: unknown, where: string): void {
  if (typeof part !== 'object' || part === null) assert.equal(whole, part, where)
  else
    for (const [name, value] of Object.entries(part)) {
      assert.ok(typeof whole === 'object' && whole !== null && name in whole, `${where} has no ${name}`)
      assertHas((whole as Readonly<Record<string, unknown>>)[name], value, `${where}.${name}`)
    }
}
