/** A machine without ACPI: no power management, and no tables that tell of it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RunningMachine, startMachine } from '../../src/index.ts'

const timeout = 300_000
const biosArea = { start: 0xe0000, bytes: 0x20000 }

async function start(acpi: 'on' | 'off'): Promise<RunningMachine> {
  const vm = await startMachine({ memory: 16, nics: ['none'], machine: `pc,acpi=${acpi}`, devices: ['vmgenid'] })
  await vm.screen.waitFor('No bootable device', { timeoutMs: timeout })
  return vm
}

/** What a guest looks for on a boundary of 16 bytes to find the tables. */
async function anchors({ memory }: RunningMachine): Promise<readonly string[]> {
  const bytes = Buffer.from(await memory.read(biosArea.start, biosArea.bytes))
  return ['RSD PTR ', '_SM_'].filter((anchor) => {
    for (let at = 0; at < bytes.length; at += 16)
      if (bytes.toString('latin1', at, at + anchor.length) === anchor) return true
    return false
  })
}

describe('ACPI', { timeout: 2 * timeout }, () => {
  it('is found by a guest unless it is switched off', async () => {
    await using vm = await start('on')
    assert.deepEqual(await anchors(vm), ['RSD PTR ', '_SM_'])
  })

  it('is not there under acpi=off: the firmware makes no tables but those of SMBIOS', async () => {
    await using vm = await start('off')
    assert.deepEqual(await anchors(vm), ['_SM_'])
    const [bus] = await vm.qmp.execute('query-pci')
    const places = bus!.devices.map(({ slot, function: number }) => `${slot}.${number}`)
    assert.deepEqual(places, ['0.0', '1.0', '1.1', '2.0'])
  })

  it('does not come back by a reset', async () => {
    await using vm = await start('off')
    await vm.qmp.execute('system_reset')
    await vm.screen.waitFor('No bootable device', { timeoutMs: timeout })
    assert.deepEqual(await anchors(vm), ['_SM_'])
  })
})
