import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What a container may be: as a pod's securityContext says it. */
export interface Confinement {
  readonly runAsUser: number
  readonly runAsGroup: number
  readonly readOnlyRootFilesystem: boolean
  readonly allowPrivilegeEscalation: boolean
  readonly capabilities: { readonly drop: readonly string[] }
}

/** Podman, with images and containers of its own in a folder. */
export class Podman {
  /** The program, for scripts. */
  readonly program: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.program = join(folder, 'podman')
  }

  static async in(folder: string): Promise<Podman> {
    await mkdir(folder, { recursive: true })
    const podman = new Podman(folder)
    const storage = `--root ${folder}/root --runroot ${folder}/run --tmpdir ${folder}/tmp --storage-driver vfs`
    const command = `podman ${storage} --cgroup-manager cgroupfs "$@"`
    // crun knows no host that has both versions of control groups: it is shown the second one alone.
    const alone = 'umount -R -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup'
    const both = existsSync('/sys/fs/cgroup/unified')
    const script = both ? `exec unshare --mount sh -c '${alone} && exec ${command}' podman "$@"` : `exec ${command}`
    await writeFile(podman.program, `#!/bin/sh\n${script}\n`)
    await chmod(podman.program, 0o755)
    return podman
  }

  /** Runs a command of Podman's. @returns what it says on standard output */
  async say(...words: readonly string[]): Promise<string> {
    const { stdout } = await run(this.program, words, { timeout: 120_000, maxBuffer: 16 << 20 })
    return stdout
  }

  /** Makes an image of this host's Node.js and busybox, as small as can be. */
  async makeBase(name: string): Promise<void> {
    const base = join(this.#folder, 'base')
    for (const folder of ['bin', 'usr/local/bin', 'machine', 'tmp', 'etc', 'proc', 'dev', 'sys', 'run'])
      await mkdir(join(base, folder), { recursive: true })
    await cp(await realpath(process.execPath), join(base, 'usr/local/bin/node'))
    await cp('/bin/busybox', join(base, 'bin/busybox'))
    for (const applet of ['sh', 'grep', 'hostname', 'rm', 'sleep', 'test', 'touch', 'cat'])
      await symlink('busybox', join(base, 'bin', applet))
    const { stdout } = await run('ldd', [process.execPath])
    for (const [library] of stdout.matchAll(/(?<=\s)\/\S+/g)) {
      await mkdir(join(base, dirname(library)), { recursive: true })
      await cp(await realpath(library), join(base, library))
    }
    const archive = join(this.#folder, 'base.tar')
    await run('tar', ['-C', base, '-cf', archive, '.'])
    await this.say('import', archive, name)
  }

  /** Runs an image without network and as confined as it says. @returns what its program says, and its status, at its end */
  start(
    name: string,
    image: string,
    volume: string,
    confinement: Confinement,
  ): Promise<{ readonly said: string; readonly status: number | null }> {
    const { runAsUser, runAsGroup, readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } = confinement
    const limits = ['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=1000:1000']
    const words = [
      ...['run', '--rm', '--name', name, '--network=none', '--cgroups=disabled', ...limits],
      `--user=${runAsUser}:${runAsGroup}`,
      ...(readOnlyRootFilesystem ? ['--read-only', '--read-only-tmpfs=false'] : []),
      ...(allowPrivilegeEscalation ? [] : ['--security-opt=no-new-privileges']),
      ...capabilities.drop.map((name) => `--cap-drop=${name}`),
      ...['--volume', `${volume}:/machine`, image],
    ]
    const child = spawn(this.program, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('latin1').on('data', (text: string) => void (said += text))
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status) => resolve({ said, status }))
    })
  }
}
