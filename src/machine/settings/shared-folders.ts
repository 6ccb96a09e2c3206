import { closeSync, constants, openSync } from 'node:fs'
import { reasonText } from '../../errno/index.ts'
import type { SharedFolderOptions } from '../../file-sharing/index.ts'
import { isIdentifier, OptionError, type OptionKinds, type OptionList, parseOptionList } from '../../keyval/index.ts'
import { inWordsOf } from '../config-error.ts'

/** A folder of the host's that devices may give to the guest. */
export interface SharedFolderConfig extends SharedFolderOptions {
  readonly id: string
}

const throttling = ['bps', 'iops'].flatMap((unit) =>
  ['total', 'read', 'write'].flatMap((direction) =>
    ['', '-max', '-max-length'].map((suffix) => `throttling.${unit}-${direction}${suffix}`),
  ),
)
const kinds: OptionKinds = {
  ...{ fsdriver: 'string', path: 'string', security_model: 'string', writeout: 'string', readonly: 'boolean' },
  ...{ multidevs: 'string', socket: 'string', sock_fd: 'number', fmode: 'number', dmode: 'number' },
  'throttling.iops-size': 'number',
  ...Object.fromEntries(throttling.map((name) => [name, 'number'] as const)),
}
const permissions = 0o777n

/** Folders of the host, as they are said: `-fsdev` and `-virtfs`. */
export class SharedFolders {
  readonly #folders: SharedFolderConfig[] = []
  readonly #warn: (text: string) => void

  /** @param warn - hears of old forms */
  constructor(warn: (text: string) => void) {
    this.#warn = warn
  }

  get all(): readonly SharedFolderConfig[] {
    return this.#folders
  }

  /** @throws {ConfigError} in QEMU's words */
  fsdev(text: string, origin: string): void {
    inWordsOf(origin, () => {
      const list = parseOptionList(text, { kinds, impliedName: 'fsdriver', warn: this.#warnOf(origin) })
      if (this.#folders.some(({ id }) => id === list.id)) throw new OptionError(`Duplicate ID '${list.id}' for fsdev`)
      this.#folders.push(folderOf(list, list.id))
    })
  }

  /** A folder, and a device for it. @returns the device, as `-device` has it @throws {ConfigError} in QEMU's words */
  virtfs(text: string, origin: string): string {
    return inWordsOf(origin, () => {
      const rules = { kinds: { ...kinds, mount_tag: 'string' as const }, impliedName: 'fsdriver' }
      const list = parseOptionList(text, { ...rules, warn: this.#warnOf(origin) })
      const tag = list.get('mount_tag')
      if (tag === undefined || list.get('fsdriver') === undefined)
        throw new OptionError('Usage: -virtfs fsdriver,mount_tag=tag')
      const id = list.id ?? tag
      if (!isIdentifier(id) || this.#folders.some((folder) => folder.id === id))
        throw new OptionError(`duplicate or invalid fsdev id: ${id}`)
      this.#folders.push(folderOf(list, id))
      return `virtio-9p-pci,fsdev=${id.replaceAll(',', ',,')},mount_tag=${tag.replaceAll(',', ',,')}`
    })
  }

  #warnOf(origin: string): (text: string) => void {
    return (text) => this.#warn(`${origin}: warning: ${text}`)
  }

  /** Looks whether a device can have a folder. @throws {OptionError} in QEMU's words */
  readonly check = (id: string | undefined): void => checkFolder(this.#folders, id)
}

/** Looks whether a device can have one of the folders. @throws {OptionError} in QEMU's words */
export function checkFolder(folders: readonly SharedFolderConfig[], id: string | undefined): void {
  const folder = folders.find((one) => one.id === id)
  if (folder === undefined) throw new OptionError(`9pfs device couldn't find fsdev with the id = ${id ?? 'NULL'}`)
  try {
    closeSync(openSync(folder.path, constants.O_RDONLY | constants.O_DIRECTORY))
  } catch (error) {
    throw new OptionError(`cannot initialize fsdev '${id}': failed to open '${folder.path}': ${reasonText(error)}`)
  }
}

function folderOf(list: OptionList, id: string | undefined): SharedFolderConfig {
  const driver = list.get('fsdriver')
  if (id === undefined) throw new OptionError('fsdev: No id specified')
  if (driver === undefined) throw new OptionError('fsdev: No fsdriver specified')
  if (driver !== 'local') throw new OptionError(`fsdev: fsdriver ${driver} not found`)
  for (const name of ['socket', 'sock_fd'])
    if (list.get(name) !== undefined) throw new OptionError(`'${name}' is invalid for fsdriver 'local'`)
  const security = securityOf(list.get('security_model'))
  const path = list.get('path')
  const others = list.get('multidevs') ?? 'warn'
  if (others !== 'remap' && others !== 'forbid' && others !== 'warn')
    throw new OptionError(`invalid multidevs property '${others}'\nValid options are: multidevs=[remap|forbid|warn]`)
  if (path === undefined) throw new OptionError('path property not set')
  if (list.items.some(([name]) => name.startsWith('throttling.')))
    throw new OptionError('the throttling of shared folders is not available')
  for (const name of ['fmode', 'dmode'])
    if (security !== 'mapped-xattr' && list.get(name) !== undefined)
      throw new OptionError(`${name} is only valid for mapped security modes`)
  return {
    ...{ id, path, security, others },
    readOnly: list.boolean('readonly') === true,
    writeThrough: list.get('writeout') === 'immediate',
    fileMode: Number((list.number('fmode') ?? 0o600n) & permissions),
    folderMode: Number((list.number('dmode') ?? 0o700n) & permissions),
  }
}

function securityOf(said: string | undefined): SharedFolderOptions['security'] {
  const model = said === 'mapped' ? 'mapped-xattr' : said
  if (model === 'none' || model === 'passthrough' || model === 'mapped-xattr') return model
  if (model === 'mapped-file') throw new OptionError("security_model 'mapped-file' is not available")
  const complaint = said === undefined ? 'security_model property not set' : `invalid security_model property '${said}'`
  throw new OptionError(`${complaint}\nValid options are: security_model=[passthrough|mapped-xattr|mapped-file|none]`)
}
