import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type RunningMachine, startMachine } from '../../src/index.ts'
import { type CpioEntry, readCpio, writeCpio } from './cpio-archive.ts'

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

/** What a shell says to the terminal, not to the reader: the shell asks where the cursor is, for one. */
const terminalControl = new RegExp(`${String.fromCharCode(0x1b)}\\[[0-9;]*[A-Za-z]`, 'g')

/** Linux on vmon, with a shell on its serial line. */
export class LinuxGuest implements AsyncDisposable {
  readonly vm: RunningMachine
  readonly #socket: Socket
  #text = ''

  private constructor(vm: RunningMachine, socket: Socket) {
    this.vm = vm
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#text = (this.#text + text).replace(terminalControl, '')
    })
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
      const socket = connect(serial)
      await once(socket, 'connect')
      return new LinuxGuest(vm, socket)
    } catch (error) {
      await vm.close()
      throw error
    }
  }

  /** Waits for the shell's prompt. */
  prompt(): Promise<string> {
    return this.#until(/\n[^\n]*# $/)
  }

  type(text: string): void {
    this.#text = ''
    this.#socket.write(text)
  }

  /** Types a command and returns what it writes. */
  async run(command: string): Promise<string> {
    this.type(`${command}\n`)
    const text = await this.prompt()
    const [, ...lines] = text.split(/\r?\n/) // the first is the echo
    return lines.slice(0, -1).join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
    await this.vm.close()
  }

  async #until(meant: RegExp): Promise<string> {
    while (!meant.test(this.#text)) {
      const hearing = new AbortController()
      try {
        await Promise.race([
          once(this.#socket, 'data', { signal: hearing.signal }),
          once(this.#socket, 'close', { signal: hearing.signal }).then(() => {
            throw new Error(`the machine has ended behind: ${this.#text.slice(-500)}`)
          }),
        ])
      } finally {
        hearing.abort()
      }
    }
    return this.#text
  }
}
