import assert from 'node:assert/strict'
import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { filesOf } from '../../guests/archive-cd.ts'
import { writeCpio } from '../../guests/cpio-archive.ts'
import { debianInitrd, debianKernel } from '../../guests/debian-initrd.ts'
import type { LibvirtDaemon } from './libvirt-daemon.ts'

const agentFolder = '/usr/local/lib/vmon-peers/guest-agent-686'
/** In milliseconds: how long a guest may take to do something. */
const patience = 240_000

/** In place of that of the RAM disk: a shell, and QEMU's agent once its port is there. */
const inittab = `
ttyS0::respawn:/bin/sh
::respawn:/agent/start
`
const startAgent = `#!/bin/sh
for name in /sys/class/virtio-ports/*/name; do
  [ "$(cat $name)" != org.qemu.guest_agent.0 ] || port=/dev/$(basename $(dirname $name))
done
ip link set eth0 up
exec /agent/ld-linux.so.2 --library-path /agent /agent/qemu-ga -t /tmp -m virtio-serial -p $port
`

/** Puts Debian's kernel, and a RAM disk with QEMU's agent, where a domain finds them. */
export async function prepareLinux(folder: string): Promise<void> {
  const file = (name: string, mode: number, data: Uint8Array | string) => ({
    name,
    mode,
    links: 1,
    device: [0, 0] as [number, number],
    data: Buffer.from(data),
  })
  const more = [
    file('agent', 0o040755, ''),
    file('agent/start', 0o100755, startAgent),
    file('etc/inittab', 0o100644, inittab),
  ]
  for (const [name, bytes] of Object.entries(await filesOf(agentFolder)))
    more.push(file(`agent/${name}`, 0o100755, bytes))
  const initrd = join(folder, 'initrd')
  const first = await readFile(await debianInitrd())
  const gap = Buffer.alloc(-first.length & 3) // Linux looks for a second archive at multiples of four
  await writeFile(initrd, Buffer.concat([first, gap, writeCpio(more)]))
  const kernel = join(folder, 'vmlinuz')
  await copyFile(debianKernel, kernel)
  for (const path of [initrd, kernel]) await chmod(path, 0o644)
}

/** A domain as people have them: virtio for disk, network and memory, a screen, and the agent's channel. */
export const typicalXml = (name: string, emulator: string, folder: string): string => `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>192</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='i686' machine='pc'>hvm</type>
    <kernel>${folder}/vmlinuz</kernel><initrd>${folder}/initrd</initrd>
    <cmdline>console=ttyS0 mitigations=off nokaslr</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <emulator>${emulator}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='${folder}/typical.qcow2'/><target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <interface type='user'><mac address='52:54:00:00:00:02'/><model type='virtio'/></interface>
    <serial type='pty'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <graphics type='vnc' autoport='yes'/>
    <video><model type='vga'/></video>
    <memballoon model='virtio'/>
  </devices>
</domain>
`

/** A Linux guest, as its agent sees it. */
export class Inside {
  readonly #domain: string

  constructor(domain: string) {
    this.#domain = domain
  }

  /** Asks the agent, until it answers. */
  async ask(where: LibvirtDaemon, execute: string, arguments_: object = {}): Promise<any> {
    const end = Date.now() + patience
    const words = JSON.stringify({ execute, arguments: arguments_ })
    for (;;) {
      const { ok, text } = await where.virsh('qemu-agent-command', '--timeout', '30', this.#domain, words)
      if (ok) return (JSON.parse(text) as { return: unknown }).return
      if (Date.now() > end) throw new Error(text)
      await pause(1000)
    }
  }

  /** What a line of the guest's shell prints. */
  async run(where: LibvirtDaemon, line: string): Promise<string> {
    const program = { path: '/bin/sh', arg: ['-c', line], 'capture-output': true }
    const { pid } = await this.ask(where, 'guest-exec', program)
    for (;;) {
      const status = await this.ask(where, 'guest-exec-status', { pid })
      if (status.exited) return Buffer.from(status['out-data'] ?? '', 'base64').toString()
    }
  }

  /** Waits until a line prints what is expected. */
  async until(where: LibvirtDaemon, line: string, expected: RegExp): Promise<void> {
    const end = Date.now() + patience
    for (;;) {
      const said = await this.run(where, line)
      if (expected.test(said)) return
      assert.ok(Date.now() < end, `${line} says ${said}`)
      await pause(500)
    }
  }
}

/** What is done to the domain, and what the guest sees of it. */
export function typicalSteps(domain: string, folder: string, other: LibvirtDaemon) {
  const guest = new Inside(domain)
  const done = async (where: LibvirtDaemon, ...words: readonly string[]): Promise<string> => {
    const { ok, text } = await where.virsh(...words)
    assert.ok(ok, text)
    return text
  }
  const kilobytes = async (where: LibvirtDaemon): Promise<number> =>
    Number(/MemTotal: +(\d+)/.exec(await guest.run(where, 'cat /proc/meminfo'))?.[1])
  const steps: readonly (readonly [what: string, prove: (daemon: LibvirtDaemon) => Promise<void>])[] = [
    ['qemu-agent-command: the agent answers', async (daemon) => void (await guest.ask(daemon, 'guest-ping'))],
    [
      'setmem: the guest has less memory',
      async (daemon) => {
        const before = await kilobytes(daemon)
        await done(daemon, 'setmem', domain, '128M', '--live')
        const end = Date.now() + patience
        while ((await kilobytes(daemon)) > before - 60_000) assert.ok(Date.now() < end)
        await done(daemon, 'setmem', domain, '192M', '--live')
      },
    ],
    [
      'domif-setlink: the guest has no carrier, and has it again',
      async (daemon) => {
        for (const [word, seen] of [
          ['down', /^0/],
          ['up', /^1/],
        ] as const) {
          await done(daemon, 'domif-setlink', domain, '52:54:00:00:00:02', word)
          await guest.until(daemon, 'cat /sys/class/net/eth0/carrier', seen)
        }
      },
    ],
    [
      'blockresize: the guest has a larger disk',
      async (daemon) => {
        await done(daemon, 'blockresize', domain, 'vda', '128M')
        await guest.until(daemon, 'cat /sys/block/vda/size', /^262144\n/)
      },
    ],
    [
      'attach-disk and detach-disk: the guest sees it come and go',
      async (daemon) => {
        await done(daemon, 'attach-disk', domain, join(folder, 'other.qcow2'), 'vdb', '--subdriver', 'qcow2')
        await guest.until(daemon, 'ls /sys/block', /vdb/)
        await done(daemon, 'detach-disk', domain, 'vdb')
        await guest.until(daemon, 'ls /sys/block', /^(?!.*vdb)/s)
      },
    ],
    [
      'snapshot-create-as with memory, snapshot-revert: memory and disk are as they were',
      async (daemon) => {
        const mark = (text: string): string =>
          `echo ${text} >/tmp/mark; echo ${text} | dd of=/dev/vda conv=fsync 2>/dev/null; echo 3 >/proc/sys/vm/drop_caches`
        const marks = 'cat /tmp/mark; head -c 7 /dev/vda'
        await guest.run(daemon, mark('before'))
        await done(daemon, 'snapshot-create-as', domain, 'one')
        await guest.run(daemon, mark('behind'))
        assert.match(await guest.run(daemon, marks), /^behind\nbehind/)
        await done(daemon, 'snapshot-revert', domain, 'one')
        await guest.run(daemon, 'echo 3 >/proc/sys/vm/drop_caches')
        assert.match(await guest.run(daemon, marks), /^before\nbefore/)
        await done(daemon, 'snapshot-delete', domain, 'one')
      },
    ],
    [
      'migrate --live --copy-storage-all: the guest goes on in the other daemon, with its disk',
      async (daemon) => {
        await guest.run(daemon, 'echo moved >/tmp/mark; echo moved | dd of=/dev/vda conv=fsync 2>/dev/null')
        const there = join(folder, 'there.xml')
        const xml = await done(daemon, 'dumpxml', '--migratable', domain)
        await writeFile(there, xml.replaceAll('typical.qcow2', 'moved.qcow2'))
        const target = [other.uri, 'tcp://127.0.0.1:49312', '--disks-port', '49313', '--xml', there]
        await done(daemon, 'migrate', '--live', '--unsafe', '--copy-storage-all', domain, ...target)
        assert.match(await guest.run(other, 'cat /tmp/mark; head -c 6 /dev/vda'), /^moved\nmoved/)
        await done(other, 'destroy', domain)
      },
    ],
  ]
  return steps
}
