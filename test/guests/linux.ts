import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type RunningMachine, startMachine } from '../../src/index.ts'
import { type CpioEntry, readCpio, writeCpio } from './cpio-archive.ts'
import { SerialShell } from './serial-shell.ts'

const folder = '/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386'
/** Debian's 32-bit kernel, and the RAM disk of its installer. */
export const debian = {
  kernel: `${folder}/linux`,
  initrd: `${folder}/initrd.gz`,
  package: 'debian-installer-12-netboot-i386',
}

/** What a shell needs of the installer's RAM disk, which is ten times as large. */
const needed = /^(\.|bin|sbin|dev|proc|sys|tmp|lib|(bin|sbin)\/.*|dev\/(console|null)|lib\/(ld-.*|i386-linux-gnu.*))$/
const directory = 0o040000
const kinds = 0o170000
const largestFile = 3 << 20

/** Writes a RAM disk with a shell and busybox's small tools: it unpacks in a moment. */
async function writeSmallInitrd(path: string): Promise<void> {
  const archive = await promisify(gunzip)(await readFile(debian.initrd))
  const wanted: CpioEntry[] = []
  for (const entry of readCpio(archive)) {
    const kept = needed.test(entry.name.replace(/^\.\//, '')) && entry.data.length < largestFile
    const isDirectory = (entry.mode & kinds) === directory
    if (kept && (isDirectory || !/^bin\/(brltty|udevadm|kmod)/.test(entry.name))) wanted.push(entry)
  }
  await writeFile(path, writeCpio(wanted))
}

/** Linux on vmon, with a shell on its serial line. */
export class LinuxGuest implements AsyncDisposable {
  readonly vm: RunningMachine
  readonly #shell: SerialShell

  private constructor(vm: RunningMachine, shell: SerialShell) {
    this.vm = vm
    this.#shell = shell
  }

  /** Starts it; `prompt()` tells when the shell is there. */
  static async start(workFolder: string): Promise<LinuxGuest> {
    const initrd = join(workFolder, 'initrd')
    const serial = join(workFolder, 'serial')
    await writeSmallInitrd(initrd)
    const vm = await startMachine({
      memory: 128,
      kernel: debian.kernel,
      initrd,
      append: 'console=ttyS0 rdinit=/bin/sh mitigations=off',
      serial: `unix:${serial},server=on,wait=off`,
    })
    try {
      return new LinuxGuest(vm, await SerialShell.connect(serial))
    } catch (error) {
      await vm.close()
      throw error
    }
  }

  /** Waits for the shell's prompt. */
  prompt(): Promise<string> {
    return this.#shell.prompt()
  }

  type(text: string): void {
    this.#shell.type(text)
  }

  /** Types a command and returns what it writes. */
  run(command: string): Promise<string> {
    return this.#shell.run(command)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shell.close()
    await this.vm.close()
  }
}
