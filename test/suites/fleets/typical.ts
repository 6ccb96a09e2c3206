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
export const patience = 300_000

/** In place of that of the RAM disk: shells, also on the screen, and QEMU's agent once its port is there. */
const inittab = `
ttyS0::respawn:/bin/sh
tty1::respawn:/bin/sh
::respawn:/agent/start
`
const startAgent = `#!/bin/sh
for name in /sys/class/virtio-ports/*/name; do
  [ "$(cat $name)" != org.qemu.guest_agent.0 ] || port=/dev/$(basename $(dirname $name))
done
ip link set eth0 up
exec /agent/ld-linux.so.2 --library-path /agent /agent/qemu-ga -t /tmp -m virtio-serial -p $port
`

/** What the agent calls to end the guest. */
const shutdown = `#!/bin/sh
exec poweroff -f
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
    file('sbin', 0o040755, ''),
    file('sbin/shutdown', 0o100755, shutdown),
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
  <cpu mode='maximum'/>
  <devices>
    <emulator>${emulator}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='${folder}/typical.qcow2'/><target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'><source file='${folder}/cd.iso'/><target dev='hdc' bus='ide'/><readonly/></disk>
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

/** What is done to a domain, and how it is seen that it has been done. */
export type Step = readonly [what: string, prove: (daemon: LibvirtDaemon) => Promise<void>]
