/** What firmware makes of a machine's generation, and what of it is in a fork. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type RunningMachine, startMachine } from '../../src/index.ts'

const guid = '324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87'

/** The identifier that the ACPI table leads to, as it is written. */
async function identifierIn({ memory }: RunningMachine): Promise<string> {
  const ram = Buffer.from(await memory.read(0, 16 << 20))
  const table = ram.indexOf('BOCHS VMGENID')
  assert.ok(table > 0, 'there is a table')
  const address = ram.readUInt32LE(ram.indexOf('ADDR', table) + 9)
  const bytes = ram.subarray(address, address + 16)
  for (const [start, end] of [[0, 4], [4, 6], [6, 8]] as const) bytes.subarray(start, end).reverse() // biome-ignore format: short
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

it('SeaBIOS copies the identifier to memory, and a fork has another one in its place', {
  timeout: 300_000,
}, async () => {
  await using vm = await startMachine({ memory: 16, nics: ['none'], devices: [`vmgenid,guid=${guid}`] })
  await vm.screen.waitFor('No bootable device', { timeoutMs: 60_000 })
  assert.equal(await identifierIn(vm), guid)
  await using fork = await vm.fork()
  const { guid: another } = await fork.qmp.execute('query-vm-generation-id')
  assert.notEqual(another, guid)
  assert.equal(await identifierIn(fork), another)
  assert.equal(await identifierIn(vm), guid)
  await fork.qmp.execute('system_reset')
  await fork.screen.waitFor('No bootable device', { timeoutMs: 60_000 })
  assert.equal(await identifierIn(fork), another)
})
