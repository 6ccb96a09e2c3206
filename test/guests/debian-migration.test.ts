/** A Linux that works is sent to another machine and back, and does not notice. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rm, truncate, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { DebianGuest, diskBytes, networks } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'
import { SerialShell } from './serial-shell.ts'
import { VmonProcess } from './vmon-process.ts'

/** How often the guest changes sides, and whether its clock is held to account: where nothing else keeps the host busy. */
const journeys = Number(process.env['VMON_JOURNEYS'] ?? 5)
const timed = process.env['VMON_JOURNEYS'] !== undefined

/** By which ways it goes, in turn. */
const ways = ['tcp', 'unix', 'exec', 'fd', 'file'] as const

interface Way {
  /** Where the other side listens; undefined where it takes what has been kept. */
  readonly incoming: string | undefined
  readonly outgoing: string
  /** What the other side has open as descriptor 9. */
  readonly opened?: string
  readonly taken?: string
}

function wayOf(way: (typeof ways)[number], path: string): Way {
  switch (way) {
    case 'tcp':
      return { incoming: 'tcp:127.0.0.1:0', outgoing: '' }
    case 'unix':
      return { incoming: `unix:${path}`, outgoing: `unix:${path}` }
    case 'exec':
      execFileSync('mkfifo', [path])
      return { incoming: `exec:cat ${path}`, outgoing: `exec:cat > ${path}` }
    case 'fd':
      execFileSync('mkfifo', [path])
      return { incoming: 'fd:9', outgoing: `exec:cat > ${path}`, opened: path }
    case 'file':
      return { incoming: undefined, outgoing: `file:${path}`, taken: `file:${path}` }
  }
}

type Machine = Pick<VmonProcess, 'qmp' | 'close'>

/** A connection with what the guest serves at its port 80: it says what stands in a file, then what it hears. */
class Visit {
  readonly #socket: Socket
  #said = ''

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8').on('data', (text) => {
      this.#said += text
    })
  }

  /** @returns a connection that the guest has said the text over */
  static async begin({ qmp }: Machine): Promise<{ readonly visit: Visit; readonly text: string }> {
    const usernet = await qmp.execute('human-monitor-command', { 'command-line': 'info usernet' })
    const port = Number(/TCP\[HOST_FORWARD\] +-?\d+ +127\.0\.0\.1 +(\d+)/.exec(usernet)?.[1])
    for (;;) {
      const visit = new Visit(connect(port, '127.0.0.1').on('error', () => undefined))
      const text = await visit.line()
      if (text !== undefined) return { visit, text }
    }
  }

  say(line: string): void {
    this.#socket.write(`${line}\n`)
  }

  /** The next line; undefined if the connection ends before. */
  async line(): Promise<string | undefined> {
    while (!this.#said.includes('\n') && !this.#socket.closed)
      await new Promise<void>((resolve) => {
        for (const name of ['data', 'close']) this.#socket.once(name, () => resolve())
      })
    const [line, ...rest] = this.#said.split('\n')
    this.#said = rest.join('\n')
    return rest.length > 0 ? line : undefined
  }

  end(): void {
    this.#socket.end()
  }
}

async function ended({ qmp }: Machine): Promise<string> {
  for (;;) {
    const { status } = await qmp.execute('query-migrate')
    if (status === 'completed' || status === 'failed' || status === 'cancelled') return status
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The guest's time in milliseconds, and between which times of the host it was read. */
async function clock(shell: SerialShell): Promise<{ guest: number; earliest: number; latest: number }> {
  const earliest = performance.now()
  const guest = Number((await shell.run('cat /proc/uptime')).split(' ')[0]) * 1000
  return { guest, earliest, latest: performance.now() }
}

describe('Linux on its way', { skip: noDebianGuest, timeout: 600_000 + journeys * 60_000 }, () => {
  it('goes on counting, keeps its memory, writes its disk and reads it', async (t: TestContext) => {
    await using guest = await DebianGuest.atPrompt(networks)
    const { folder } = guest
    let { disk } = guest
    await guest.run('ip link set eth1 up; ip addr add 10.0.2.15/24 dev eth1')
    await guest.run(
      "printf '#!/bin/sh\\ncat /tmp/served; exec cat\\n' > /tmp/serve; chmod +x /tmp/serve; echo 0 > /tmp/served",
    )
    await guest.run('(while :; do nc -l -p 80 -e /tmp/serve; done) >/dev/null 2>&1 &')
    // Checksums of memory and disk, again and again: a wrong byte ends the loop with a word.
    await guest.run('dd if=/dev/urandom of=/tmp/sample bs=64k count=40 2>/dev/null; cp /tmp/sample /dev/sda; sync')
    await guest.run(
      '(n=0; while cmp -s /tmp/sample /tmp/copy || [ $n = 0 ]; do cp /tmp/sample /tmp/copy; n=$((n+1)); echo $n > /tmp/count; echo $n | dd of=/dev/sda bs=512 seek=20000 conv=notrunc 2>/dev/null; sync; done; echo wrong > /tmp/wrong) &',
    )
    let [vm, shell]: [Machine, SerialShell] = [guest.vm, guest.shell]
    const closing: (() => Promise<void>)[] = []
    t.after(async () => {
      for (const close of closing) await close()
    })
    let counted = 0
    for (let journey = 1; journey <= journeys; journey++) {
      const round = Math.floor((journey - 1) / ways.length)
      const [differences, sends] = [journey % 2 === 0, (journey + round) % 3 === 0]
      const way = ways[(journey - 1) % ways.length]!
      const { incoming, outgoing, taken, opened } = wayOf(way, join(folder, `way-${journey}`))
      const serial = join(folder, `serial-${journey}`)
      const [from, image] = [disk, sends ? join(folder, `disk-${journey}`) : disk]
      if (sends) {
        await writeFile(image, '')
        await truncate(image, diskBytes)
      }
      const next = await VmonProcess.start({ disk: image, serial }, ['-incoming', incoming ?? 'defer'], opened)
      closing.push(() => next.close())
      const [address] = (await next.qmp.execute('query-migrate'))['socket-address'] ?? []
      const uri = address?.type === 'inet' ? `tcp:127.0.0.1:${address.port}` : outgoing
      await shell.run(`echo ${journey} > /tmp/served`)
      const { visit } = await Visit.begin(vm)
      visit.say('before')
      assert.equal(await visit.line(), 'before')
      await vm.qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'xbzrle', state: differences }] })
      const before = await clock(shell)
      await vm.qmp.execute('migrate', { uri, blk: sends })
      assert.equal(await ended(vm), 'completed', (await vm.qmp.execute('query-migrate'))['error-desc'])
      const left = performance.now()
      if (taken !== undefined) await next.qmp.execute('migrate-incoming', { uri: taken })
      assert.equal(await ended(next), 'completed')
      const arrived = performance.now()
      const { downtime = 0, 'total-time': total, ram } = await vm.qmp.execute('query-migrate')
      await vm.close()
      if (sends) await rm(from)
      disk = image
      const there = await SerialShell.connect(serial)
      closing.push(async () => there.close())
      const after = await clock(there)
      const elsewhere = after.guest - before.guest + downtime + (arrived - left)
      const [least, most] = [after.earliest - before.latest - elsewhere, after.latest - before.earliest - elsewhere]
      t.diagnostic(
        `journey ${journey} (${way}${differences ? ', differences' : ''}${sends ? ', disk' : ''}): ${total} ms, of these ` +
          `${downtime} ms still, ${ram?.['dirty-sync-count']} passes; clock late by ${Math.round(least)} to ${Math.round(most)} ms`,
      )
      if (timed) assert.ok(least < 200 && most > -200, `${least} to ${most} ms`)
      // A socket can go along where the two meet at a unix socket; else both sides hear that it is over.
      visit.say('after')
      assert.equal(await visit.line(), way === 'unix' ? 'after' : undefined)
      visit.end()
      const later = await Visit.begin(next)
      assert.equal(later.text, `${journey}`)
      later.visit.end()
      const same = 'dd if=/dev/sda bs=64k count=40 2>/dev/null | cmp - /tmp/sample && echo same'
      const words = await there.run(`cat /tmp/count; cat /tmp/wrong 2>/dev/null; ${same}`)
      assert.match(words, /^\d+\nsame$/)
      const count = Number.parseInt(words, 10)
      assert.ok(count > counted, `${count} after ${counted}`)
      counted = count
      ;[vm, shell] = [next, there]
    }
    assert.doesNotMatch(await shell.run('dmesg | tail -5; ls /tmp'), /wrong/)
  })
})
