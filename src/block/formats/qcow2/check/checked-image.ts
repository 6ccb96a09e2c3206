import type { CheckOptions } from '../../../open/driver.ts'
import type { Geometry } from '../geometry.ts'
import { encodeFields, encodeHeader, type Header, type headerFields } from '../header.ts'
import type { Image } from '../image.ts'
import { CheckedFile } from './checked-file.ts'

/** An image under check: what its header says, and the file with what a repair has changed so far. */
export class CheckedImage {
  readonly file: CheckedFile
  readonly geometry: Geometry
  readonly externalData: boolean
  /** Where the header of LUKS is, if there is one. */
  readonly luks: { readonly offset: number; readonly length: number } | undefined
  readonly #image: Image
  header: Header
  extensions: Image['extensions']

  constructor(image: Image, { signal }: CheckOptions) {
    this.#image = image
    this.file = new CheckedFile(image.file, signal)
    this.geometry = image.geometry
    this.externalData = image.externalData
    this.luks = image.encryption?.luks?.place
    this.header = image.header
    this.extensions = image.extensions
  }

  /** The cluster of the file that holds a byte. */
  clusterOf(offset: number): number {
    return Math.floor(offset / this.geometry.clusterSize)
  }

  async changeHeader(changes: Partial<Pick<Header, keyof typeof headerFields>>): Promise<void> {
    for (const { offset, value } of encodeFields(changes)) await this.file.write(offset, value)
    this.header = { ...this.header, ...changes }
  }

  /** Writes the header anew without an extension. */
  async dropExtension(type: number): Promise<void> {
    const others = this.extensions.others.filter((extension) => extension.type !== type)
    this.extensions = { ...this.extensions, others }
    const { backingFilename } = this.#image
    await this.file.write(0, encodeHeader(this.header, { extensions: this.extensions, backingFilename }))
  }

  /** Brings what a repair has changed into the file. @throws {BlockError} */
  async commit(): Promise<void> {
    await this.file.commit()
    this.#image.header = this.header
    this.#image.extensions = this.extensions
  }

  /** Forgets what a repair has changed. */
  drop(): void {
    this.file.drop()
    this.header = this.#image.header
    this.extensions = this.#image.extensions
  }
}
