/** How many interrupt vectors a network card is said to have, by each way to ask for one, on QEMU and vmon. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'

const frozen = ['-display', 'none', '-nodefaults', '-S', '-qmp', 'unix:qmp.sock,server=on,wait=off']

async function vectorsOf(command: readonly string[], options: readonly string[]): Promise<readonly string[]> {
  await using server = await Server.start([...command, ...frozen, ...options])
  await server.listening('qmp.sock')
  const shell = vmon.command.map((word) => `'${word}'`).join(' ')
  const { output } = await server.shell(`${shell} shell -H qmp.sock info qtree`)
  return output.match(/vectors = .*/g) ?? []
}

describe('the vectors of a network card', { skip: qemu.skip }, () => {
  for (const [options, vectors] of [
    ['-nic user,model=virtio-net-pci', 0],
    ['-nic user,model=virtio', 0],
    ['-net nic,model=virtio', 4],
    ['-net nic,model=virtio,vectors=3', 3],
    ['-net nic,model=virtio,vectors=0', 0],
    ['-device virtio-net-pci', 4],
    ['-device virtio-net-pci,vectors=0', 0],
    ['-global virtio-net-pci.vectors=5 -nic user,model=virtio', 0],
    ['-net nic,model=e1000,vectors=3', undefined],
  ] as const)
    it(`are as with QEMU for ${options}`, async () => {
      const words = options.split(' ')
      const expected = vectors === undefined ? [] : [`vectors = ${vectors} (0x${vectors})`]
      assert.deepEqual(await vectorsOf(qemu.command, words), expected)
      assert.deepEqual(await vectorsOf([...vmon.command, '-accel', 'none'], words), expected)
    })
})
