import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Debian's user and group without rights. */
const nobody = { uid: 65534, gid: 65534 }

/** What virsh said, and whether it was content. */
export interface Said {
  readonly text: string
  readonly ok: boolean
}

/**
 * libvirt's session daemon, unmodified, as a user without rights: with folders of its own, so that several run beside
 * each other, each as if it were another host.
 */
export class LibvirtDaemon implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #environment: NodeJS.ProcessEnv
  /** By which other daemons and virsh reach it. */
  readonly uri: string
  readonly #folder: string

  private constructor(child: ChildProcess, environment: NodeJS.ProcessEnv, folder: string) {
    this.#child = child
    this.#environment = environment
    this.#folder = folder
    this.uri = `qemu+unix:///session?socket=${socketIn(folder)}`
  }

  /** @param folder where it keeps everything, and which it makes; short, for sockets are there */
  static async start(folder: string): Promise<LibvirtDaemon> {
    const folders = { run: 'XDG_RUNTIME_DIR', conf: 'XDG_CONFIG_HOME', cache: 'XDG_CACHE_HOME', data: 'XDG_DATA_HOME' }
    const environment: NodeJS.ProcessEnv = { PATH: process.env['PATH'], LC_ALL: 'C', HOME: folder }
    await mkdir(join(folder, 'conf', 'libvirt'), { recursive: true })
    for (const [name, variable] of Object.entries(folders)) {
      environment[variable] = join(folder, name)
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 })
    }
    const settings = [
      `host_uuid = "${crypto.randomUUID()}"`,
      'log_level = 3',
      `log_outputs = "3:file:${join(folder, 'libvirtd.log')}"`,
    ]
    await writeFile(join(folder, 'conf', 'libvirt', 'libvirtd.conf'), `${settings.join('\n')}\n`)
    for (const name of ['.', ...Object.keys(folders), 'conf/libvirt', 'conf/libvirt/libvirtd.conf'])
      await chown(join(folder, name), nobody.uid, nobody.gid)
    await chmod(join(folder, 'run'), 0o700)
    const child = spawn('libvirtd', [], { ...nobody, env: environment, cwd: folder, stdio: 'ignore' })
    const daemon = new LibvirtDaemon(child, environment, folder)
    while (!(await daemon.virsh('version')).ok) {
      if (child.exitCode !== null) throw new Error(`libvirtd ended with status ${child.exitCode}`)
      await pause(200)
    }
    return daemon
  }

  /** Has virsh do something. */
  async virsh(...words: readonly string[]): Promise<Said> {
    const options = { ...nobody, env: this.#environment, cwd: this.#folder, timeout: 600_000, maxBuffer: 16 << 20 }
    try {
      const { stdout, stderr } = await run('virsh', ['-c', this.uri, ...words], options)
      return { text: `${stdout}${stderr}`.trim(), ok: true }
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
      return { text: `${stdout}${stderr}`.trim(), ok: false }
    }
  }

  /** What the emulator of a domain has complained about. */
  async complaints(domain: string): Promise<string> {
    const log = await readFile(join(this.#folder, 'cache', 'libvirt', 'qemu', 'log', `${domain}.log`), 'latin1').catch(
      () => '',
    )
    return log
      .split('\n')
      .filter((line) => /vmon: |qemu-system/.test(line))
      .slice(-3)
      .join('\n')
  }

  /** Ends its domains, and then itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { text } = await this.virsh('list', '--name')
    for (const domain of text.split('\n').filter(Boolean)) await this.virsh('destroy', domain)
    if (this.#child.exitCode !== null) return
    const over = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    await over
  }
}

function socketIn(folder: string): string {
  return join(folder, 'run', 'libvirt', 'libvirt-sock')
}
