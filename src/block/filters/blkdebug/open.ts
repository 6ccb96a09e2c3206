import { BlockError } from '../../block-error.ts'
import type { Permission } from '../../graph/access.ts'
import type { DriverLimits, FilterDefinition, FilterRequest } from '../../open/driver.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import { BlkdebugDriver } from './blkdebug-driver.ts'
import { readConfigFile } from './config-file.ts'
import { takeRules } from './rules.ts'

const prefix = 'blkdebug:'

/**
 * Lets requests fail as rules say, for those who want to see what happens then. The rules are those of QEMU's blkdebug
 * (qemu-img's and QAPI's `inject-error` and `set-state`). Their events are steps of the format above.
 */
export const blkdebug: FilterDefinition = {
  name: 'blkdebug',
  kind: 'protocol',
  child: 'image',

  /** `blkdebug:CONFIG:IMAGE`, of which the file with rules may be left out. */
  parseFilename(filename) {
    const [, config, image] = /^([^:]*):(.*)$/s.exec(filename.slice(prefix.length)) ?? []
    if (image === undefined) {
      throw new BlockError('invalid', 'blkdebug requires both config file and image path', { filename })
    }
    return { ...(config === '' ? {} : { config }), 'x-image': image }
  },

  async open({ options, child, print }: FilterRequest): Promise<BlkdebugDriver> {
    const given = options.pick(
      options.left.filter((key) =>
        /^(config|align|max-transfer|(inject-error|set-state|take-child-perms|unshare-child-perms)\..*)$/.test(key),
      ),
    )
    const config = options.takeString('config')
    const rules = takeRules(options, config === undefined ? new Map() : await readConfigFile(config))
    const takes = takePermissions(options, 'take-child-perms')
    const unshares = takePermissions(options, 'unshare-child-perms')
    return new BlkdebugDriver(child, { rules, given, print, limits: takeLimits(options), takes, unshares })
  },
}

const permissions: ReadonlyMap<string, Permission> = new Map([
  ['consistent-read', 'read'],
  ['write', 'write'],
  ['write-unchanged', 'write-unchanged'],
  ['resize', 'resize'],
])

/** A list of permissions. @throws {BlockError} kind `invalid` */
function takePermissions(options: OptionBag, name: string): readonly Permission[] {
  const words = Object.values(options.takeBelow(name).takeAll()).map(String)
  return words.map((word) => {
    const permission = permissions.get(word)
    if (permission !== undefined) return permission
    throw new BlockError('invalid', `invalid parameter value: ${word}`, { option: name })
  })
}

/** @throws {BlockError} kind `invalid`, in QEMU's words */
function takeLimits(options: OptionBag): DriverLimits {
  const alignment = takeConstraint(options, 'align', (value) => Number.isInteger(Math.log2(value)))
  const maxTransfer = takeConstraint(options, 'max-transfer', (value) => value % (alignment ?? 1) === 0)
  return { ...(alignment !== undefined && { alignment }), ...(maxTransfer !== undefined && { maxTransfer }) }
}

/** 0 is as good as nothing. */
function takeConstraint(options: OptionBag, name: string, fits: (value: number) => boolean): number | undefined {
  const value = options.takeSize(name) ?? 0
  if (value === 0) return undefined
  if (value < 2 ** 31 - 1 && fits(value)) return value
  throw new BlockError('invalid', `Cannot meet constraints with ${name} ${value}`, { option: name })
}
