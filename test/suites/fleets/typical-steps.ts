import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { diskSteps } from './disk-steps.ts'
import type { LibvirtDaemon } from './libvirt-daemon.ts'
import { Inside, patience, type Step } from './typical.ts'

const run = promisify(execFile)

/** What is done to the domain, and what the guest sees of it. */
export function typicalSteps(domain: string, folder: string, other: LibvirtDaemon): readonly Step[] {
  const guest = new Inside(domain)
  const done = async (where: LibvirtDaemon, ...words: readonly string[]): Promise<string> => {
    const { ok, text } = await where.virsh(...words)
    assert.ok(ok, text)
    return text
  }
  const kilobytes = async (where: LibvirtDaemon): Promise<number> =>
    Number(/MemTotal: +(\d+)/.exec(await guest.run(where, 'cat /proc/meminfo'))?.[1])
  return [
    ['qemu-agent-command: the agent answers', async (daemon) => void (await guest.ask(daemon, 'guest-ping'))],
    [
      'send-key: what is typed is for the shell on the screen',
      async (daemon) => {
        await guest.until(daemon, 'ls -l /proc/[0-9]*/fd/0', /-> \/dev\/tty1/)
        for (const key of ['M', 'K', 'D', 'I', 'R', 'SPACE', 'Y', 'ENTER'])
          await done(daemon, 'send-key', domain, `KEY_${key}`)
        await guest.until(daemon, 'ls -d /y', /^\/y\n/)
      },
    ],
    [
      'suspend, resume: the guest does nothing meanwhile',
      async (daemon) => {
        await done(daemon, 'suspend', domain)
        const { ok } = await daemon.virsh('qemu-agent-command', '--timeout', '5', domain, '{"execute":"guest-ping"}')
        assert.ok(!ok, 'the agent answers')
        await done(daemon, 'resume', domain)
        await guest.ask(daemon, 'guest-ping')
      },
    ],
    [
      'inject-nmi: the guest counts it',
      async (daemon) => {
        const count = async (): Promise<number> =>
          Number(/NMI: +(\d+)/.exec(await guest.run(daemon, 'cat /proc/interrupts'))?.[1])
        const before = await count()
        await done(daemon, 'inject-nmi', domain)
        const end = Date.now() + patience
        while ((await count()) === before) assert.ok(Date.now() < end)
      },
    ],
    [
      'change-media: the guest finds no CD, and finds it again',
      async (daemon) => {
        const look = 'dd if=/dev/sr0 bs=2048 skip=16 count=1 2>/dev/null | head -c 6 | tail -c 5; echo .'
        await guest.until(daemon, look, /^CD001\./)
        await done(daemon, 'change-media', domain, 'hdc', '--eject', '--force')
        await guest.until(daemon, look, /^\./)
        await done(daemon, 'change-media', domain, 'hdc', join(folder, 'cd.iso'), '--insert')
        await guest.until(daemon, look, /^CD001\./)
      },
    ],
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
      'attach-device and detach-device of a network card: the guest sees it come and go',
      async (daemon) => {
        const card = join(folder, 'card.xml')
        await done(daemon, 'attach-device', domain, card, '--live')
        await guest.until(daemon, 'cat /sys/class/net/*/address', /52:54:00:11:22:33/)
        await done(daemon, 'detach-device', domain, card, '--live')
        await guest.until(daemon, 'cat /sys/class/net/*/address', /^(?!.*52:54:00:11:22:33)/s)
      },
    ],
    ...diskSteps(domain, folder, guest),
    [
      'dump --memory-only: what the guest remembers is in it',
      async (daemon) => {
        await guest.run(daemon, 'echo remembered-by-the-guest >/tmp/memo')
        const core = join(folder, 'typical.core')
        await done(daemon, 'dump', domain, core, '--memory-only')
        await run('grep', ['-q', '-a', 'remembered-by-the-guest', core])
        await rm(core)
      },
    ],
    [
      'save and restore, managedsave and start: the guest goes on where it was',
      async (daemon) => {
        const identity = 'cat /proc/sys/kernel/random/boot_id /tmp/kept'
        await guest.run(daemon, 'echo kept >/tmp/kept')
        const before = await guest.run(daemon, identity)
        assert.match(before, /\nkept\n$/)
        const saved = join(folder, 'typical.saved')
        await done(daemon, 'save', domain, saved)
        await done(daemon, 'restore', saved)
        assert.equal(await guest.run(daemon, identity), before)
        await done(daemon, 'managedsave', domain)
        await done(daemon, 'start', domain)
        assert.equal(await guest.run(daemon, identity), before)
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
        await writeFile(there, xml.replaceAll(/typical[-a-z]*\.qcow2/g, 'moved.qcow2'))
        const target = [other.uri, 'tcp://127.0.0.1:49312', '--disks-port', '49313', '--xml', there]
        await done(daemon, 'migrate', '--live', '--unsafe', '--copy-storage-all', domain, ...target)
        assert.match(await guest.run(other, 'cat /tmp/mark; head -c 6 /dev/vda'), /^moved\nmoved/)
      },
    ],
    [
      'reset: the guest starts anew',
      async () => {
        const identity = 'cat /proc/sys/kernel/random/boot_id'
        const before = await guest.run(other, identity)
        await done(other, 'reset', domain)
        const end = Date.now() + patience
        while ((await guest.run(other, identity)) === before) assert.ok(Date.now() < end)
      },
    ],
    [
      'shutdown: the guest ends, and with it the domain',
      async () => {
        await guest.ask(other, 'guest-ping')
        await done(other, 'shutdown', domain, '--mode', 'agent')
        const end = Date.now() + patience
        while ((await done(other, 'list', '--name')).includes(domain)) {
          assert.ok(Date.now() < end)
          await pause(500)
        }
      },
    ],
  ]
}
