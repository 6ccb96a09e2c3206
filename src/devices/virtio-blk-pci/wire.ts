/** What the guest finds of the disk. */
export interface DiskShape {
  readonly byteLength: number
  readonly readOnly: boolean
  /** Whether writes are complete before they are on stable storage. */
  readonly writeback: boolean
}

/** What the guest asks of its disk; offsets and lengths are bytes, in whole sectors of 512. */
export type DiskRequest = { readonly id: number } & (
  | { readonly operation: 'read'; readonly offset: number; readonly length: number }
  | { readonly operation: 'write'; readonly offset: number; readonly data: Uint8Array }
  | { readonly operation: 'discard'; readonly offset: number; readonly length: number }
  | { readonly operation: 'zero'; readonly offset: number; readonly length: number; readonly unmap: boolean }
  | { readonly operation: 'flush' }
)

/** From the side that the guest sees: requests, in their order; how writes are to be; that one was not to be done. */
export type FromGuest =
  | { readonly type: 'requests'; readonly requests: readonly DiskRequest[] }
  | { readonly type: 'writeback'; readonly writeback: boolean }
  | { readonly type: 'invalid'; readonly operation: 'read' | 'write' | 'unmap' }

/** To it: how requests have ended, and that the disk has another size now. */
export type ToGuest =
  | { readonly type: 'done'; readonly answers: readonly DiskAnswer[] }
  | { readonly type: 'resized'; readonly byteLength: number }

export interface DiskAnswer {
  readonly id: number
  readonly failed: boolean
  /** What has been read. */
  readonly data?: Uint8Array
}
