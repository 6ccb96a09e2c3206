/** What the side that the guest sees tells: how many pages the balloon has now; what the guest says of its memory. */
export type FromBalloon =
  | { readonly type: 'actual'; readonly pages: number }
  /** Numbers by virtio's tags; those that are not said are absent. */
  | { readonly type: 'statistics'; readonly values: Readonly<Record<number, bigint>> }

/** What it is told: how many pages the balloon is to have; that statistics are wanted. */
export type ToBalloon = { readonly type: 'target'; readonly pages: number } | { readonly type: 'ask' }
