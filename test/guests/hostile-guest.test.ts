/**
 * A Linux program as the machine's enemy: nonsense for ports, PCI configuration, MSRs, segments and the processor's
 * modes. Whatever the guest makes of it, the monitor answers throughout, and a reset helps. A guest that has ruined itself
 * is followed by another until the time is up.
 *
 * VMON_SEEDS=10 VMON_SECONDS=60 does for ten minutes what the suite does for a few seconds.
 */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const seeds = Number(process.env['VMON_SEEDS'] ?? 2)
const seconds = Number(process.env['VMON_SECONDS'] ?? 3)
/** How long a guest may say nothing before it counts as ruined. */
const patience = 2000
/** Within which a monitor that works answers, even if the machine is asked that does nonsense. */
const deadline = 10_000

describe('a Linux that gives nonsense to its hardware', { skip: noDebianGuest }, () => {
  before(async () => (await DebianGuest.atPrompt())[Symbol.asyncDispose](), { timeout: 300_000 }) // has it booted
  for (let seed = 1; seed <= seeds; seed++) {
    it(`leaves the monitor alone (seed ${seed})`, { timeout: (seconds + 120) * 1000 }, async (t) => {
      const end = performance.now() + seconds * 1000
      const toll = new Toll()
      for (let life = 0; performance.now() < end; life++) await new Enemy(seed * 1000 + life, end, toll).act()
      t.diagnostic(toll.toString())
    })
  }
})

/** What has become of the guests, and of the monitor's answers. */
class Toll {
  readonly #endings = new Map<string, number>()
  #answers = 0
  #slowest = 0

  ended(how: string): void {
    this.#endings.set(how, (this.#endings.get(how) ?? 0) + 1)
  }

  answered(milliseconds: number): void {
    this.#answers++
    this.#slowest = Math.max(this.#slowest, milliseconds)
  }

  toString(): string {
    const endings = [...this.#endings].map(([how, count]) => `${count} x ${how}`)
    const memory = Math.round(process.memoryUsage.rss() / 2 ** 20)
    return `${endings.join('; ')}; ${this.#answers} answers, the slowest in ${Math.round(this.#slowest)} ms; ${memory} MiB`
  }
}

/** One guest, until it has ruined itself or the time is up. */
class Enemy {
  readonly #seed: number
  readonly #end: number
  readonly #toll: Toll

  constructor(seed: number, end: number, toll: Toll) {
    this.#seed = seed
    this.#end = end
    this.#toll = toll
  }

  async act(): Promise<void> {
    const failures: string[] = [] // of the board
    const log = {
      enabled: (item: string) => item === 'machine',
      log: (item: string, _message: string, fields?: Readonly<Record<string, unknown>>) => {
        if (item === 'machine') failures.push(String(fields?.['error']).replace(/\s+/g, ' '))
      },
    }
    await using guest = await DebianGuest.atPrompt({}, { log })
    const { qmp, screen } = guest.vm
    const events = qmp.events({ names: ['RESET', 'SHUTDOWN', 'STOP', 'SUSPEND', 'GUEST_PANICKED'] })
    await qmp.execute('set-action', { shutdown: 'pause' })
    let event: string | undefined
    void events.next().then(({ value }) => {
      event = value?.event
    })
    guest.shell.type(`helper nonsense ${this.#seed} all\n`)
    let [said, heard] = [0, performance.now()]
    const silent = (): boolean => {
      if (guest.shell.said.length > said) [said, heard] = [guest.shell.said.length, performance.now()]
      return performance.now() - heard > patience
    }
    while (event === undefined && !silent() && performance.now() < this.#end) await this.#ask(guest)
    await events.return()
    const { status } = await qmp.execute('query-status')
    assert.match(status, /^(running|internal-error|shutdown|paused|suspended|guest-panicked)$/)
    this.#toll.ended([event ?? (silent() ? 'silence' : 'time is up'), status, ...failures].join(' '))
    await qmp.execute('system_reset')
    await qmp.execute('cont')
    await screen.waitFor(/SeaBIOS/)
  }

  /** Asks all that the board itself must answer, and what it need not. */
  async #ask({ vm: { qmp }, folder }: DebianGuest): Promise<void> {
    const options = { timeoutMs: deadline }
    for (const ask of [
      () => qmp.execute('query-status', {}, options),
      () => qmp.execute('query-pci', {}, options),
      () => qmp.execute('query-cpus-fast', {}, options),
      () => qmp.execute('screendump', { filename: `${folder}/screen.ppm` }, options),
      () => qmp.execute('pmemsave', { val: 0, size: 65536, filename: `${folder}/memory` }, options),
    ]) {
      const begin = performance.now()
      await ask().catch((error: unknown) => assert.match(String(error), /The board has failed/))
      this.#toll.answered(performance.now() - begin)
    }
  }
}
