/**
 * A Linux program as the machine's enemy: nonsense for ports, PCI configuration, MSRs and segments. Whatever the guest
 * makes of it, the monitor answers throughout, and a reset helps.
 *
 * VMON_ENEMY_SEEDS=10 VMON_ENEMY_SECONDS=60 does what the suite does in a few seconds for a quarter of an hour.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Logger } from '../../src/log/index.ts'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const seeds = Number(process.env['VMON_ENEMY_SEEDS'] ?? 2)
const seconds = Number(process.env['VMON_ENEMY_SECONDS'] ?? 2)

/** All at once soon ends in a guest without interrupts or memory: what each can do alone goes on for longer. */
const kinds = ['all', 'ports', 'pci', 'msr', 'modes']

describe('a Linux that gives nonsense to its hardware', { skip: noDebianGuest }, () => {
  for (let seed = 1; seed <= seeds; seed++) {
    const kind = kinds[(seed - 1) % kinds.length]!
    it(`leaves the monitor alone (${kind}, seed ${seed})`, { timeout: (seconds + 120) * 1000 }, async (t) => {
      const failures: string[] = []
      const log: Logger = {
        enabled: (item) => item === 'machine',
        log: (item, message, fields) => {
          if (item === 'machine') failures.push(`${message}: ${fields?.['error']}`)
        },
      }
      await using guest = await DebianGuest.atPrompt({}, log)
      t.diagnostic([await attack(guest, `${seed} ${seconds} ${kind}`), ...failures].join('; '))
    })
  }
})

/** Lets the guest do its worst, asks the monitor meanwhile, and brings the machine back. Returns how the guest ended. */
async function attack({ vm, shell, folder }: DebianGuest, nonsense: string): Promise<string> {
  const { qmp } = vm
  const events = qmp.events({ names: ['RESET', 'SHUTDOWN', 'STOP', 'SUSPEND'] })
  let ending: string | undefined
  const survives = shell.until(/survived \d+ rounds/).then((text) => text.match(/survived.*/)![0])
  void Promise.race([survives, events.next().then(({ value }) => value?.event)]).then(
    (how) => {
      ending ??= how
    },
    () => undefined,
  )
  const deadline = setTimeout(
    () => {
      ending ??= 'hangs'
    },
    (seconds + 2) * 1000,
  )
  shell.type(`helper nonsense ${nonsense}\n`)
  let answers = 0
  while (ending === undefined) {
    await qmp.execute('query-status')
    for (const ask of [
      qmp.execute('query-pci'),
      qmp.execute('query-cpus-fast'),
      qmp.execute('screendump', { filename: `${folder}/screen.ppm` }),
      qmp.execute('pmemsave', { val: 0, size: 65536, filename: `${folder}/memory` }),
    ])
      await ask.catch((error: unknown) => assert.match(String(error), /The board has failed/))
    answers += 5
  }
  clearTimeout(deadline)
  await events.return()
  const { status } = await qmp.execute('query-status')
  assert.match(status, /^(running|internal-error|shutdown|paused|suspended)$/)
  await qmp.execute('system_reset')
  await qmp.execute('cont')
  await vm.screen.waitFor(/SeaBIOS/)
  return `${ending} (${status}), ${answers} answers`
}
