import { type Access, idle } from '../../graph/access.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { ChildRole, NestedOptions, RequestOptions, WriteOptions, ZeroesOptions } from '../../open/driver.ts'
import { PassThrough } from '../pass-through.ts'

/** What a write is to the copy. */
export type CopiedWrite =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'zeroes'; readonly length: number }
  | { readonly kind: 'discard'; readonly length: number }

/** Hears of what is written to the source. */
export interface MirrorWatch {
  /** Runs a write to the source, and sees to it that the copy gets it, now or later. */
  written(offset: number, write: CopiedWrite, run: () => Promise<void>): Promise<void>
}

export interface MirrorTopOptions {
  readonly implicit: boolean
  /** The copy is behind the source: what is in between must not be read by itself. */
  readonly commits: boolean
}

/** Lies over an image that a job copies: sees what is written meanwhile. */
export class MirrorTopDriver extends PassThrough {
  readonly name = 'mirror_top'
  readonly implicit: boolean
  readonly #commits: boolean
  #retired = false
  watch: MirrorWatch | undefined

  constructor(backing: BlockNode, { implicit, commits }: MirrorTopOptions) {
    super(backing, 'backing')
    this.implicit = implicit
    this.#commits = commits
  }

  override get filename(): string | undefined {
    return this.below.driver.filename
  }

  override fullOptions(): NestedOptions {
    return this.below.driver.fullOptions()
  }

  override write(offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    return this.#watched(offset, { kind: 'bytes', bytes }, () => super.write(offset, bytes, options))
  }

  override writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#watched(offset, { kind: 'zeroes', length }, () => super.writeZeroes(offset, length, options))
  }

  override discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    return this.#watched(offset, { kind: 'discard', length }, () => super.discard(offset, length, options))
  }

  childAccess(_role: ChildRole, access: Access): Access {
    if (this.#retired) return idle
    if (!this.#commits) return access
    // Whoever is over what is written could not read it otherwise.
    const uses = access.uses.filter((permission) => permission !== 'read')
    return { uses, shares: [...new Set([...access.shares, 'write' as const])] }
  }

  retire(): void {
    this.watch = undefined
  }

  /** Holds nothing of what is below any more: nobody makes requests. */
  letGo(): void {
    this.#retired = true
  }

  #watched(offset: number, write: CopiedWrite, run: () => Promise<void>): Promise<void> {
    return this.watch === undefined ? run() : this.watch.written(offset, write, run)
  }
}
