/** Command lines as management programs and people give them: taken, with what they say. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it, type TestContext } from 'node:test'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { PlainClient } from './plain-client.ts'

const monitor = ['-qmp', 'unix:qmp.sock,server=on,wait=off']
const quiet = ['-S', '-display', 'none']

/** What starts on QEMU without a word, and is to start here without one. */
const lines: readonly string[] = [
  '-nodefaults -nic none -net none -parallel none -serial none -monitor none',
  '-parallel null -vga none -k en-us -no-fd-bootchk -no-hpet',
  '-audiodev none,id=audio1 -vnc none -gdb none -only-migratable',
  '-audiodev {"id":"audio1","driver":"none"}',
  '-audiodev none,id=audio2,timer-period=1000,out.frequency=48000,in.format=s16 -mem-prealloc -no-hpet -parallel null',
  '-overcommit mem-lock=off -overcommit cpu-pm=off',
  '-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
  '-sandbox off',
  '-object memory-backend-ram,id=pc.ram,size=64M -machine memory-backend=pc.ram',
  '-object {"qom-type":"memory-backend-ram","id":"pc.ram","size":67108864} -machine pc,memory-backend=pc.ram -m 64',
  '-machine type=pc -global ide-hd.physical_block_size=4096 -msg timestamp=on',
  '-machine pc-i440fx-7.2,usb=off,dump-guest-core=off -cpu qemu32 -smp 1,sockets=1,cores=1,threads=1',
  '-name guest=t1,debug-threads=on -rtc base=utc -no-shutdown -no-user-config -nodefaults',
  '-boot c -m 256 -drive if=ide,index=0,media=disk,driver=null-co,read-zeroes=on -nic none',
]

async function running(t: TestContext, command: readonly string[], words: readonly string[]): Promise<Server> {
  const server = await Server.start([...command, ...words])
  t.after(() => server[Symbol.asyncDispose]())
  await server.listening('qmp.sock')
  return server
}

for (const { name, command, skip } of [qemu, vmon]) {
  describe(`${name} takes`, { skip, concurrency: 3 }, () => {
    for (const line of lines) {
      it(line, async (t) => {
        const server = await running(t, command, [...quiet, ...monitor, ...line.split(' ')])
        using client = await PlainClient.open(server.path('qmp.sock'))
        await client.execute('query-status')
        const { status, stderr } = await server.stop()
        assert.equal(status, 0)
        assert.match(stderr, /^[^\n]*terminating on signal 15[^\n]*\n$/)
      })
    }

    it("libvirt's first line: in the background, without a display, in negotiation only", async (t) => {
      const words =
        '-S -no-user-config -nodefaults -nographic -machine none,accel=kvm:tcg -qmp unix:qmp.sock,server=on,wait=off -pidfile pid -daemonize'
      await using parent = await Server.start([...command, ...words.split(' ')])
      assert.equal((await parent.ended()).status, 0)
      const pid = Number(await readFile(parent.path('pid'), 'utf8'))
      t.after(() => {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {} // it has ended
      })
      using client = await PlainClient.open(parent.path('qmp.sock'))
      const machines = (await client.execute('query-machines')) as Record<string, unknown>[]
      const pc = machines.find(({ name }) => name === 'pc-i440fx-7.2')
      assert.equal(pc?.['default-cpu-type'], 'qemu32-i386-cpu')
      assert.equal(pc?.['default-ram-id'], 'pc.ram')
      await client.execute('quit')
      await client.closed
    })

    it('the older form of options for sockets, and old names', async (t) => {
      const words = ['-S', '-display', 'none', '-qmp', 'unix:qmp.sock,server,nowait', '-M', 'pc']
      const server = await running(t, command, words)
      using client = await PlainClient.open(server.path('qmp.sock'))
      await client.execute('query-status')
      assert.equal((await server.stop()).status, 0)
    })

    // QEMU catches signals some time after it takes connections.
    if (name !== vmon.name) return
    it('-msg, which stamps what is said', async (t) => {
      const server = await running(t, command, [
        ...quiet,
        ...monitor,
        '-msg',
        'timestamp=on,guest-name=on',
        '-name',
        'joe',
      ])
      const { stderr } = await server.stop()
      assert.match(
        stderr,
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z joe (vmon|qemu-system-i386): terminating on signal 15/,
      )
    })
  })
}

describe('vmon', { concurrency: 3, skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  it('becomes the user of -runas when it has started', async (t) => {
    const server = await running(t, vmon.command, [
      '-display',
      'none',
      '-nodefaults',
      ...monitor,
      '-runas',
      'nobody',
      '-pidfile',
      'pid',
    ])
    using client = await PlainClient.open(server.path('qmp.sock'))
    await client.execute('query-pci')
    const pid = (await readFile(server.path('pid'), 'utf8')).trim()
    let status = ''
    while (!/^Uid:\t65534\t65534\t65534\t65534$/m.test(status)) {
      assert.equal(server.gone.aborted, false)
      status = await readFile(`/proc/${pid}/status`, 'utf8')
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.match(status, /^Gid:\t65534\t/m)
    assert.equal(((await client.execute('query-status')) as { running: boolean }).running, true)
    assert.equal((await server.stop()).status, 0)
  })

  it('gains no privileges under -sandbox on,elevateprivileges=deny', async (t) => {
    const words = [...quiet, '-nodefaults', ...monitor, '-pidfile', 'pid', '-sandbox', 'on,elevateprivileges=deny']
    const server = await running(t, vmon.command, words)
    const pid = (await readFile(server.path('pid'), 'utf8')).trim()
    assert.match(await readFile(`/proc/${pid}/status`, 'utf8'), /^NoNewPrivs:\t1$/m)
  })
})
