import { lstat, opendir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'

/** The one folder that tools reach: names lead nowhere else, by no `..` and no symbolic link. */
export class OwnFolder {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** @throws {Error} with the system's `code`, if there is no such folder, or it cannot be read */
  static async open(path: string): Promise<OwnFolder> {
    await (await opendir(path)).close()
    return new OwnFolder(await realpath(path))
  }

  /**
   * The absolute path of a file that is there, or may be made.
   *
   * @throws {Error} with a text for the client, if it is not below the folder
   */
  async pathOf(name: string): Promise<string> {
    const asked = resolve(this.path, name)
    if (asked !== this.path && !name.includes('\0')) {
      const real = await realpath(asked).catch(() => undefined)
      // What is not there yet: its folder has to be there. A link that leads nowhere is no file that may be made.
      const parent = real === undefined ? await realpath(dirname(asked)).catch(() => undefined) : undefined
      const path = real ?? (parent === undefined ? undefined : join(parent, basename(asked)))
      if (path !== undefined && this.#holds(path) && (real !== undefined || !(await isLink(path)))) return path
      if (path === undefined) throw new Error(`'${name}': there is no such folder`)
    }
    throw this.#elsewhere(name)
  }

  /**
   * The absolute path of a regular file that is there. What else may be in a folder (a named pipe, a device) may keep who
   * opens it waiting for ever.
   *
   * @throws {Error} with a text for the client, if it is not below the folder, or no such file
   */
  async fileOf(name: string): Promise<string> {
    const path = await this.pathOf(name)
    await checkRegular(path, name)
    return path
  }

  /**
   * As `fileOf`, of a path as the system takes it, not a name of a client's: `..` behind a link leads to where the link does.
   *
   * @throws {Error} with a text for the client, if it is not below the folder, or no such file
   */
  async fileAt(path: string): Promise<string> {
    const real = path.includes('\0') ? undefined : await realpath(path).catch(() => undefined)
    if (real === undefined || !this.#holds(real)) throw this.#elsewhere(path)
    await checkRegular(real, path)
    return real
  }

  #holds(path: string): boolean {
    return path.startsWith(this.path === sep ? sep : this.path + sep)
  }

  #elsewhere(name: string): Error {
    return new Error(`'${name}' is not below the folder of this server`)
  }
}

async function checkRegular(path: string, name: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined)
  if (stats === undefined) throw new Error(`'${name}': there is no such file`)
  if (!stats.isFile()) throw new Error(`'${name}' is no regular file`)
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  )
}
