import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createImage, NodeGraph } from '../../src/block/index.ts'
import type { MachineOptions, RunningMachine } from '../../src/index.ts'
import type { Logger } from '../../src/log/index.ts'
import { startPrepared } from '../../src/testing/index.ts'
import { debianInitrd, debianKernel, digest, guestCache } from './debian-initrd.ts'
import { SerialShell } from './serial-shell.ts'

/** The hard disk that every guest has. */
export const diskBytes = 64 << 20
const diskName = 'disk.img'
const virtioName = 'virtio.img'
const codeFolders = ['board', 'devices'].map((name) => fileURLToPath(new URL(`../../src/${name}/`, import.meta.url)))

interface GuestSurroundings {
  readonly log?: Logger
  readonly size?: number
  readonly faulty?: Readonly<Record<string, string>>
  readonly virtioDisk?: string
  readonly qcow2?: boolean
}

/**
 * Debian's 32-bit Linux at a shell's prompt: 128 MiB, an empty disk of 64 MiB at ide0-hd0 (/dev/sda), a CD-ROM and a
 * floppy drive without a medium, an ib700 watchdog and a pvpanic device, a shell on COM1. It has been booted once and is
 * restored, in about a second; what the kernel said meanwhile is in /tmp/boot.
 */
export class DebianGuest implements AsyncDisposable {
  readonly vm: RunningMachine
  readonly shell: SerialShell
  /** Is removed with the guest. */
  readonly folder: string

  private constructor(vm: RunningMachine, shell: SerialShell, folder: string) {
    this.vm = vm
    this.shell = shell
    this.folder = folder
  }

  /**
   * A guest of its own for each call.
   *
   * @param options on top of what every guest has; those that the guest can see are booted once for each choice, but for
   *   a disk of the same size, which the guest has not looked at yet (`blockdev --rereadpt`)
   * @param log hears what the machine logs
   * @param size of the disk, in bytes; each is booted once, too
   * @param virtioDisk options of -device for one that has an empty disk of as many bytes, too, as node `virtio`
   * @param qcow2 whether the disk is an image in qcow2 format instead of a raw one
   * @param faulty options of -drive for a disk behind blkdebug: its rules as `file.*`, and what becomes of what fails
   */
  static async atPrompt(
    options: MachineOptions = {},
    { log, size = diskBytes, faulty, virtioDisk, qcow2 = false }: GuestSurroundings = {},
  ): Promise<DebianGuest> {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-guest-'))
    await using graph = new NodeGraph()
    try {
      const disk = join(folder, diskName)
      await writeFile(disk, '')
      await truncate(disk, size)
      if (qcow2) await createImage(graph, { filename: disk, format: 'qcow2', size })
      const serial = join(folder, 'serial')
      const own = withVirtioDisk(await debianOptions({ disk, serial }), virtioDisk)
      const image = join(folder, virtioName)
      await writeFile(image, '')
      await truncate(image, size)
      const blockdevs = [{ driver: 'file', 'node-name': 'virtio', filename: image }]
      let shell: SerialShell | undefined
      const vm = await startPrepared(
        {
          ...(qcow2 ? withQcow2(own) : faulty === undefined ? own : withFaults(own, faulty)),
          ...(virtioDisk !== undefined && { blockdevs }),
          ...options,
        },
        {
          state: await statePath({ ...own, ...options, hda: size === diskBytes ? '' : `${size}`, serial: '' }),
          surroundings: { ...(log !== undefined && { log }) },
          prepare: async () => {
            shell = await SerialShell.connect(serial)
            await shell.prompt()
            await shell.run('dmesg -c >/tmp/boot')
          },
        },
      )
      return new DebianGuest(vm, shell ?? (await SerialShell.connect(serial)), folder)
    } catch (error) {
      await rm(folder, { recursive: true })
      throw error
    }
  }

  /** The guest's disk: a raw image. */
  get disk(): string {
    return join(this.folder, diskName)
  }

  /** The other one, if it was asked for. */
  get virtioDisk(): string {
    return join(this.folder, virtioName)
  }

  /** Types a command at the shell and returns what it writes. */
  run(command: string): Promise<string> {
    return this.shell.run(command)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.shell.close()
    await this.vm.close()
    await rm(this.folder, { recursive: true })
  }
}

function withVirtioDisk(
  own: Awaited<ReturnType<typeof debianOptions>>,
  disk: string | undefined,
): Awaited<ReturnType<typeof debianOptions>> {
  return disk === undefined ? own : { ...own, devices: [...own.devices, disk] }
}

/** The same machine, whose disk fails by rules. */
function withFaults(
  { hda, ...others }: Awaited<ReturnType<typeof debianOptions>>,
  faulty: NonNullable<GuestSurroundings['faulty']>,
) {
  const image = { 'file.driver': 'blkdebug', 'file.image.driver': 'file', 'file.image.filename': hda }
  return { ...others, drives: [{ format: 'raw', if: 'ide', index: '0', ...image, ...faulty }] } satisfies MachineOptions
}

/** The same machine, whose disk is an image in qcow2 format. */
export function withQcow2({ hda, ...others }: Awaited<ReturnType<typeof debianOptions>>) {
  return { ...others, drives: [{ file: hda, format: 'qcow2', if: 'ide', index: '0' }] } satisfies MachineOptions
}

/** Options on top of what every guest has, with two networks: eth1 (e1000), whose port 80 the host reaches, and a virtio card. */
export const networks = {
  netdevs: ['user,id=n0,hostfwd=tcp:127.0.0.1:0-:80', 'user,id=n1,net=10.0.3.0/24'],
  devices: ['ib700', 'pvpanic', 'e1000,netdev=n0,id=nic0', 'virtio-net-pci,netdev=n1,id=nic1'],
} satisfies MachineOptions

/** What makes a machine the guest's: a raw image of 64 MiB, and a unix socket to listen at. */
export async function debianOptions({ disk, serial }: { readonly disk: string; readonly serial: string }) {
  return {
    memory: 128,
    kernel: debianKernel,
    initrd: await debianInitrd(),
    append: 'console=tty0 console=ttyS0 earlyprintk=ttyS0 loglevel=6 mitigations=off nokaslr',
    hda: disk,
    serial: `unix:${serial},server=on,wait=off`,
    devices: ['ib700', 'pvpanic'],
  } satisfies MachineOptions
}

/** States are of one board's code, with its devices, and one guest. */
async function statePath(options: MachineOptions): Promise<string> {
  const code: (string | Uint8Array)[] = []
  for (const folder of codeFolders)
    for (const name of (await readdir(folder, { recursive: true })).sort())
      if (name.endsWith('.js') && !name.includes('.test.')) code.push(name, await readFile(join(folder, name)))
  return join(guestCache, `state-${digest(...code, JSON.stringify(options))}`)
}
