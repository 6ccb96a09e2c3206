/** The ways of frames, as a back end sees them: `tx` are those that it sends, `rx` those that are sent to it. */
export type FrameWay = 'rx' | 'tx'

/** Sees the frames of a back end as they pass. */
export interface FrameTap {
  seen(frame: Uint8Array, way: FrameWay): void
  /** The back end has gone. */
  gone(): void
}
