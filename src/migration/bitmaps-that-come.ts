import { reasonText } from '../errno/index.ts'
import { type BitmapAlias, type BitmapMapping, mappedBy } from './bitmap-mapping.ts'
import { MigrationError } from './migration-error.ts'
import { type BitmapDescription, bitBytes, unpackBitmapPart, unpackBitmaps } from './stream/bitmap-section.ts'
import type { Section } from './stream/framing.ts'
import type { ArrivingBitmap, ArrivingNode, MigratedBitmaps } from './surroundings.ts'

interface Place {
  readonly node: ArrivingNode
  /** How the bitmap is called here. */
  readonly name: string
  readonly transform: BitmapAlias['transform']
}

export interface ComingBitmapsOptions {
  /** The only bitmaps that are known, by their names in the stream; undefined for the names that they have here. */
  readonly mapping: () => BitmapMapping | undefined
  /** Hears why no bitmaps come. */
  readonly complain: (text: string) => void
}

/**
 * Puts dirty bitmaps that are in a stream into the machine's own nodes. If one has no place here, none of them comes, which
 * is told; the machine comes all the same.
 */
export class BitmapsThatCome implements Disposable {
  readonly #bitmaps: Pick<MigratedBitmaps, 'arrive'>
  readonly #options: ComingBitmapsOptions
  #described: readonly BitmapDescription[] | undefined
  #arriving: ArrivingBitmap[] = []

  constructor(bitmaps: Pick<MigratedBitmaps, 'arrive'>, options: ComingBitmapsOptions) {
    this.#bitmaps = bitmaps
    this.#options = options
  }

  /**
   * @returns whether the section is about dirty bitmaps
   * @throws {MigrationError | BlockError} if it is spoilt, or there is such a bitmap already
   */
  take({ name, contents }: Section): boolean {
    if (name === 'bitmaps') {
      if (this.#described !== undefined)
        throw new MigrationError('stream', 'the stream describes its dirty bitmaps twice')
      this.#described = unpackBitmaps(contents)
      const hindrance = this.#make(this.#described)
      if (hindrance !== undefined) this.#giveUp(hindrance)
      return true
    }
    if (name !== 'bitmap') return false
    const { bitmap, offset, bytes } = unpackBitmapPart(contents, this.#described ?? [])
    this.#arriving[bitmap]?.put(offset, bytes)
    return true
  }

  /** They have everything: those that are enabled record from now on. */
  finish(): void {
    for (const [index, bitmap] of this.#arriving.splice(0).entries())
      bitmap.finish(this.#described?.[index]?.enabled === true)
  }

  /** Gives up those that have not been finished. */
  [Symbol.dispose](): void {
    for (const bitmap of this.#arriving.splice(0)) bitmap.drop()
  }

  /** @returns why none of them comes, in QEMU's words */
  #make(described: readonly BitmapDescription[]): string | undefined {
    for (const description of described) {
      const place = this.#placeOf(description)
      if (typeof place === 'string') return place
      const { node, name, transform } = place
      const { granularity } = description
      const persistent = transform?.persistent ?? description.persistent
      this.#arriving.push(node.add({ name, granularity, persistent }))
      if (bitBytes(description) > bitBytes({ byteLength: node.byteLength, granularity })) {
        return `Migrated bitmap granularity doesn't match the destination bitmap '${name}' granularity`
      }
    }
    return undefined
  }

  /** Where a bitmap comes to; a text, in QEMU's words, if there is no such place. */
  #placeOf({ node: alias, name }: BitmapDescription): Place | string {
    const mapping = this.#options.mapping()
    const mapped = mapping === undefined ? undefined : mappedBy('alias', mapping).get(alias)
    if (mapping !== undefined && mapped === undefined) return `Error: Unknown node alias '${alias}'`
    let node: ArrivingNode
    try {
      node = this.#bitmaps.arrive(mapped ?? { nodeName: alias, drive: alias })
    } catch (error) {
      return reasonText(error)
    }
    if (mapped === undefined) return { node, name, transform: undefined }
    const bitmap = mapped.bitmaps.get(name)
    if (bitmap === undefined) return `Error: Unknown bitmap alias '${name}' on node '${node.name}' (alias '${alias}')`
    return { node, name: bitmap.name, transform: bitmap.transform }
  }

  #giveUp(text: string): void {
    this[Symbol.dispose]()
    this.#options.complain(text)
  }
}
