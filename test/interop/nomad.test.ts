/** What HashiCorp Nomad's QEMU driver asks of the program that it finds in PATH: a small imitation of the driver. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { connectQmp } from '../../src/index.ts'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'

const run = promisify(execFile)

for (const { name, command, skip } of [vmon, qemu]) {
  describe(`Nomad's QEMU driver with ${name}`, { skip }, () => {
    it('recognizes the program by its version', async () => {
      const [program, ...words] = command as [string, ...string[]]
      const { stdout } = await run(program, [...words, '--version'])
      assert.match(stdout, /version (\d[.\d+]+)/)
    })

    it('starts a task, and stops it by a word at the human monitor and a signal', async () => {
      await using server = await Server.start(
        [
          ...command,
          ...['-machine', 'type=pc,accel=tcg', '-name', 'task', '-m', '64M', '-nographic'],
          ...['-drive', 'file=task.img,format=raw', '-monitor', 'unix:monitor.sock,server,nowait'],
          ...['-netdev', 'user,id=user.0,hostfwd=udp::0-:7,hostfwd=tcp::0-:80', '-device', 'virtio-net,netdev=user.0'],
          // Tells what the driver does not look at.
          ...['-qmp', 'unix:qmp.sock,server,nowait'],
        ],
        ['truncate -s 1M task.img'],
      )
      await server.listening('qmp.sock')
      await using client = await connectQmp(server.path('qmp.sock'))
      await server.listening('monitor.sock')
      const pressed = client.waitForEvent('POWERDOWN', () => true)
      const monitor = connect(server.path('monitor.sock'))
      monitor.write('system_powerdown\n')
      await pressed
      monitor.destroy()
      process.kill(server.pid!, 'SIGINT')
      assert.equal((await server.ended()).status, 0)
    })
  })
}
