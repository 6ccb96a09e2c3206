import { clearTimeout, setTimeout } from '../timers/index.ts'
import { parseMacBytes } from './mac-bytes.ts'
import type { NetClient } from './net-client.ts'

export interface Announcement {
  /** Milliseconds. */
  readonly initial: number
  readonly max: number
  readonly rounds: number
  readonly step: number
  /** Names of cards; all of them, if absent. */
  readonly interfaces?: readonly string[] | undefined
  readonly id: string
}

const frameLength = 60
const rarp = 0x8035

/** Lets cards tell where they are: by RARP, which nobody answers, and by which switches learn. */
export class Announcements {
  readonly #running = new Map<string, NodeJS.Timeout>()

  /** @param cards - those that there are, each time */
  start(
    announcement: Announcement,
    cards: () => readonly { readonly client: NetClient; readonly mac: string }[],
  ): void {
    const { id, initial, max, step, interfaces } = announcement
    this.stop(id)
    let left = announcement.rounds
    let pause = initial
    const round = (): void => {
      this.#running.delete(id)
      if (left-- <= 0) return
      for (const { client, mac } of cards()) {
        if (interfaces !== undefined && !interfaces.includes(client.name)) continue
        client.send(announcementOf(parseMacBytes(mac)))
        client.end?.announce?.()
      }
      if (left <= 0) return
      const timer = setTimeout(round, Math.max(0, pause))
      timer.unref()
      this.#running.set(id, timer)
      pause = Math.min(max, pause + step)
    }
    round()
  }

  stop(id: string): void {
    clearTimeout(this.#running.get(id))
    this.#running.delete(id)
  }

  close(): void {
    for (const id of [...this.#running.keys()]) this.stop(id)
  }
}

function announcementOf(mac: Uint8Array): Buffer {
  const frame = Buffer.alloc(frameLength)
  frame.fill(0xff, 0, 6)
  frame.set(mac, 6)
  frame.writeUInt16BE(rarp, 12)
  frame.set([0, 1, 8, 0, 6, 4, 0, 3], 14) // a request to know the own address
  frame.set(mac, 22)
  frame.set(mac, 32)
  return frame
}
