/** Viewers of a guest's screen, some of whom do not read what they are sent: the others see all, and little is kept. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pass } from 'node:timers/promises'
import { Guest, vmon } from '../interop/guest.ts'
import { missingFile } from '../oracle/peers.ts'
import { Crowd } from '../vnc/crowd.ts'
import { ReadingViewer } from '../vnc/reading-viewer.ts'
import { setMode, TextGuestMode, textGuestFloppy } from '../vnc/text-guest.ts'

const pictures = 10
const keys = 8
const mostMiB = 64

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
}

test('of twenty viewers, of whom one reads slowly and one not at all, the others see text scroll and each key', {
  skip: missingFile('/usr/share/seabios/vgabios-stdvga.bin', 'seabios'),
  timeout: 300_000,
}, async ({ signal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-viewers-'))
  try {
    const [floppy, path] = [join(folder, 'guest.img'), join(folder, 'vnc')]
    await writeFile(floppy, textGuestFloppy())
    const boot = ['-drive', `if=floppy,format=raw,readonly=on,file=${floppy}`, '-boot', 'a']
    await using guest = await Guest.start(vmon, [...boot, '-vnc', `unix:${path}`], signal)
    await guest.execute('cont')
    await guest.receive(Buffer.from('.'))
    await setMode(guest, TextGuestMode.scroll)
    // What there is for one viewer already is not for twenty.
    const first = await ReadingViewer.open({ path })
    while (first.updates < pictures) await pass(50)
    first.close()
    const before = residentMiB(guest.pid)
    using crowd = await Crowd.gather(path)
    await crowd.pictures(pictures)
    for (let round = 0; round < 2; round++) {
      await setMode(guest, TextGuestMode.idle)
      for (let key = 0; key < keys; key++) await crowd.press()
      await setMode(guest, TextGuestMode.scroll)
      await crowd.pictures(pictures)
    }
    const kept = residentMiB(guest.pid) - before
    assert.ok(kept < mostMiB, `${kept} MiB more`)
    const { clients } = (await guest.execute('query-vnc')) as { clients: unknown[] }
    assert.equal(clients.length, 20)
  } finally {
    await rm(folder, { recursive: true })
  }
})
