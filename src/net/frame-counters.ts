/** Frames that went one way. */
export interface FrameCount {
  packets: number
  bytes: number
  /** Lost: a cable was cut, nobody was at the other side, or too many waited. */
  dropped: number
}

/** Frames that a client has sent, and that were sent to it, since it was made. */
export class FrameCounters {
  readonly sent: FrameCount = { packets: 0, bytes: 0, dropped: 0 }
  readonly received: FrameCount = { packets: 0, bytes: 0, dropped: 0 }
}

/** Counts a frame that has passed. */
export function countFrame(count: FrameCount, frame: Uint8Array): void {
  count.packets++
  count.bytes += frame.length
}
