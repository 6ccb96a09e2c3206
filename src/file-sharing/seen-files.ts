import { attributesOf, type FileAttributes, kindMask, kinds } from './attributes.ts'
import { FileError } from './file-error.ts'
import type { FilePath } from './host-folder.ts'
import type { Qid } from './message.ts'
import type { SharedFolder } from './shared-folder.ts'

const qidTypes: Readonly<Record<number, number>> = { [kinds.folder]: 0x80, [kinds.link]: 0x02 }
/** Numbers of files have so many bits less than 64, where those of several file systems are to differ. */
const systemShift = 48n

/** Files as the guest sees them. */
export class SeenFiles {
  readonly #shared: SharedFolder
  /** The file systems that files are on, in the order in which they were found. */
  readonly #systems = new Map<bigint, bigint>()

  constructor(shared: SharedFolder) {
    this.#shared = shared
  }

  /** @throws {Error} of the system, if it is not there */
  async attributes(path: FilePath): Promise<FileAttributes> {
    const { folder, model } = this.#shared
    if (this.#systems.size === 0) this.#systems.set((await folder.stats([])).dev, 0n)
    const plain = attributesOf(await folder.stats(path))
    if (this.#shared.options.others === 'forbid' && !this.#systems.has(plain.on)) throw new FileError('ENODEV')
    return await folder.at(path, async (file) => model.seen(file, plain))
  }

  async qid(path: FilePath): Promise<Qid> {
    return this.qidOf(await this.attributes(path))
  }

  qidOf({ mode, inode, on, modified, size }: FileAttributes): Qid {
    return {
      type: qidTypes[mode & kindMask] ?? 0,
      version: Number(BigInt.asUintN(32, (modified / 1_000_000_000n) ^ (size << 8n))),
      path: this.#shared.options.others === 'remap' ? inode ^ (this.#system(on) << systemShift) : inode,
    }
  }

  #system(on: bigint): bigint {
    const known = this.#systems.get(on) ?? BigInt(this.#systems.size)
    this.#systems.set(on, known)
    return known
  }
}
