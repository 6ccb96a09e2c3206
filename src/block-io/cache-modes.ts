/** What a word for a way of caching stands for. */
export interface CacheSetting {
  /** Around the host's page cache. */
  readonly direct: boolean
  /** Flushes do nothing. */
  readonly noFlush: boolean
  /** Each write reaches stable storage by itself. */
  readonly writethrough: boolean
}

/** The words for ways of caching, as QEMU has them. */
export const cacheModes: Readonly<Record<string, CacheSetting>> = {
  none: { direct: true, noFlush: false, writethrough: false },
  off: { direct: true, noFlush: false, writethrough: false },
  directsync: { direct: true, noFlush: false, writethrough: true },
  writeback: { direct: false, noFlush: false, writethrough: false },
  unsafe: { direct: false, noFlush: true, writethrough: false },
  writethrough: { direct: false, noFlush: false, writethrough: true },
}
