import type { BigIntStats } from 'node:fs'

/** What a guest sees of a file beside its name. */
export interface FileAttributes {
  /** Kind and permissions, as Linux has them in one number. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly links: bigint
  readonly device: bigint
  readonly size: bigint
  readonly blockSize: bigint
  readonly blocks: bigint
  readonly inode: bigint
  /** The file system that it is on. */
  readonly on: bigint
  /** Nanoseconds since 1970. */
  readonly accessed: bigint
  readonly modified: bigint
  readonly changed: bigint
}

/** Kinds of files, as bits of their modes. */
export const kindMask = 0o170000
export const kinds = { folder: 0o040000, file: 0o100000, link: 0o120000 } as const

export function attributesOf(stats: BigIntStats): FileAttributes {
  return {
    mode: Number(stats.mode),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    links: stats.nlink,
    device: stats.rdev,
    size: stats.size,
    blockSize: stats.blksize,
    blocks: stats.blocks,
    inode: stats.ino,
    on: stats.dev,
    accessed: stats.atimeNs,
    modified: stats.mtimeNs,
    changed: stats.ctimeNs,
  }
}
