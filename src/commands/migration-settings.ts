import type { MigrationControl, MigrationParameters as Parameters } from '../migration/index.ts'
import { example, family, int, list, nothing, number, req } from '../qapi/index.ts'
import { MigrateSetParameters, MigrationCapabilityStatus, MigrationParameters } from './migration-types.ts'

const command = family<{ migrations: MigrationControl }>()

const progress = 'while a migration is on its way'

/** What limits migrations, and what they can have. */
export const migrationSettingCommands = {
  'migrate-set-capabilities': command({
    since: '1.2',
    doc: 'Switch things on or off that migrations can have; those that are not named stay.',
    args: { capabilities: req(list(MigrationCapabilityStatus), 'what, and whether it is to be on') },
    returns: nothing,
    errors: [progress, 'if one that is to be on is not available'],
    examples: [
      example(
        'events',
        `
        -> { "execute": "migrate-set-capabilities", "arguments": { "capabilities": [ { "capability": "events", "state": true } ] } }
        <- { "return": {} }`,
      ),
    ],
    run({ migrations }, { capabilities }) {
      migrations.setCapabilities(capabilities)
      return {}
    },
  }),

  'query-migrate-capabilities': command({
    since: '1.2',
    doc: 'Tell what migrations can have, and what is on.',
    args: {},
    returns: list(MigrationCapabilityStatus),
    examples: [],
    run: ({ migrations }) => [...migrations.capabilities.list],
  }),

  'migrate-set-parameters': command({
    since: '2.4',
    doc: 'Set what limits migrations, also one that is on its way; those that are not named stay.',
    args: MigrateSetParameters,
    returns: nothing,
    errors: ['if a value is out of its range'],
    examples: [
      example(
        'a limit, and one that is too high',
        `
        -> { "execute": "migrate-set-parameters", "arguments": { "max-bandwidth": 1000000 } }
        <- { "return": {} }
        -> { "execute": "migrate-set-parameters", "arguments": { "downtime-limit": 2000001 } }
        <- { "error": { "class": "GenericError", "desc": "Parameter 'downtime_limit' expects an integer in the range of 0 to (2000 * 1000) ms" } }`,
      ),
    ],
    run({ migrations }, changes) {
      const kept = Object.entries(changes).filter(([name]) => !notKept.includes(name))
      const named = kept.map(([name, value]) => [camelCased(name), value ?? ''])
      const mapping = changes['block-bitmap-mapping']?.map(({ 'node-name': nodeName, ...rest }) => ({
        nodeName,
        ...rest,
      }))
      migrations.setParameters({ ...Object.fromEntries(named), ...(mapping && { blockBitmapMapping: mapping }) })
      return {}
    },
  }),

  'query-migrate-parameters': command({
    since: '2.4',
    doc: 'Tell what limits migrations.',
    args: {},
    returns: MigrationParameters,
    examples: [],
    run: ({ migrations }) => {
      const { blockBitmapMapping, ...rest } = migrations.parameters
      const members: [string, unknown][] = Object.entries(rest).map(([name, value]) => [kebabCased(name), value])
      const mapping = blockBitmapMapping?.map(({ nodeName, ...aliases }) => ({ 'node-name': nodeName, ...aliases }))
      if (mapping !== undefined) members.push(['block-bitmap-mapping', mapping])
      return Object.fromEntries(members) as { [name: string]: never }
    },
  }),

  'migrate-set-cache-size': command({
    since: '1.2',
    doc: 'Set the size of the cache of pages that were sent (capability xbzrle). Rounded down to a power of two.',
    args: { value: req(int.wide, 'bytes') },
    returns: nothing,
    errors: ['if it is smaller than a page'],
    examples: [
      example(
        '512 MiB',
        `
        -> { "execute": "migrate-set-cache-size", "arguments": { "value": 536870912 } }
        <- { "return": {} }`,
      ),
    ],
    run({ migrations }, { value }) {
      const power = value < 1 ? 0n : 1n << BigInt(BigInt(value).toString(2).length - 1)
      migrations.setParameters({ xbzrleCacheSize: power })
      return {}
    },
  }),

  'query-migrate-cache-size': command({
    since: '1.2',
    doc: 'Tell the size of the cache of pages that were sent.',
    args: {},
    returns: int.wide,
    examples: [
      example(
        'what it is at first',
        `
        -> { "execute": "query-migrate-cache-size" }
        <- { "return": 67108864 }`,
      ),
    ],
    run: ({ migrations }) => migrations.parameters.xbzrleCacheSize,
  }),

  migrate_set_speed: command({
    since: '0.14',
    doc: 'Limit how many bytes a second migrations take, also one that is on its way.',
    args: { value: req(int.wide, 'bytes a second; 0, or less, for no limit') },
    returns: nothing,
    examples: [
      example(
        'a kilobyte a second',
        `
        -> { "execute": "migrate_set_speed", "arguments": { "value": 1024 } }
        <- { "return": {} }`,
      ),
    ],
    run({ migrations }, { value }) {
      migrations.setParameters({ maxBandwidth: BigInt(value) < 0n ? 0 : value })
      return {}
    },
  }),

  migrate_set_downtime: command({
    since: '0.14',
    doc: 'Limit how long the guest may stand still while its last part goes.',
    args: { value: req(number, 'seconds, at most 2000') },
    returns: nothing,
    examples: [
      example(
        'a tenth of a second',
        `
        -> { "execute": "migrate_set_downtime", "arguments": { "value": 0.1 } }
        <- { "return": {} }`,
      ),
    ],
    run({ migrations }, { value }) {
      migrations.setParameters({ downtimeLimit: Math.round(Math.min(Math.max(Number(value), 0), 2000) * 1000) })
      return {}
    },
  }),
}

/** QEMU 7.2 takes these, and forgets them. */
const notKept: readonly string[] = ['multifd-zlib-level', 'multifd-zstd-level']

function camelCased(name: string): keyof Parameters {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()) as keyof Parameters
}

function kebabCased(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
