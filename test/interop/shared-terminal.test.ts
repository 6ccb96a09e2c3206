/** The keys of a device that a monitor shares, as far as they reach into the machine. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { missingProgram } from '../oracle/peers.ts'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'

const shared = ['-chardev', 'socket,id=shared,path=shared.sock,server=on,wait=off,mux=on', '-mon', 'shared']
const disk = ['-drive', 'file=overlay.qcow2,if=none,id=hd0', '-display', 'none', '-nodefaults', '-S']
const images = [
  'head -c 65536 /dev/zero > base.raw && qemu-img create -q -f qcow2 -F raw -b base.raw overlay.qcow2 >/dev/null',
]

for (const program of [vmon, qemu]) {
  test(`Ctrl-A s brings what was written into the image behind (${program.name})`, {
    skip: program.skip || missingProgram('qemu-img'),
  }, async () => {
    await using server = await Server.start([...program.command, ...disk, ...shared], images)
    await server.listening('shared.sock')
    const socket = connect(server.path('shared.sock')).resume()
    await once(socket, 'connect')
    socket.write('qemu-io hd0 "write -P 5 0 512"\r')
    await server.said(/wrote 512\/512 bytes/) // on the program's own output, not here
    assert.equal((await readFile(server.path('base.raw')))[0], 0)
    socket.write('\x01s')
    // The key has no answer: only the image shows that it is done.
    while ((await readFile(server.path('base.raw')))[511] !== 5) {
      assert.ok(!server.gone.aborted)
      await pause(10)
    }
    socket.destroy()
  })
}
