import { ThrottleGroups } from '../../block/index.ts'
import type { NetSet } from '../../net/index.ts'
import { UserObjects } from '../../objects/index.ts'
import type { ObjectTree } from '../../qom/index.ts'
import { asked, nobody, type Start } from './start.ts'

/** What users make with `-object`: passwords first, then the rest, and memory last. */
export async function userObjects({
  config,
  scope,
  objectTree: tree,
}: Start & { readonly objectTree: ObjectTree }): Promise<{
  readonly userObjects: UserObjects
  readonly throttleGroups: ThrottleGroups
  /** Objects find the networks from then on. */
  readonly foundNetworks: (networks: NetSet) => void
}> {
  const throttleGroups = new ThrottleGroups()
  let found: NetSet | undefined
  const objects = scope.own(new UserObjects({ tree, throttleGroups: () => throttleGroups, networks: () => found }))
  const { secrets, throttleGroups: groups, memoryBackends } = config
  for (const secret of secrets) await asked(nobody, objects.add({ 'qom-type': 'secret', ...defined(secret) }))
  for (const words of config.objects.filter((one) => !isFilter(one))) await asked(nobody, objects.add(words))
  for (const { id, limits, properties } of groups)
    await asked(nobody, objects.add({ 'qom-type': 'throttle-group', id, limits, ...properties }))
  for (const [number, { id, bytes: size, said }] of memoryBackends.entries()) {
    const words = { 'qom-type': 'memory-backend-ram', id, size, ...said }
    await asked(nobody, objects.add(words, config.machine === 'pc' && number === 0 ? 'machine' : undefined))
  }
  return {
    ...{ userObjects: objects, throttleGroups },
    foundNetworks: (networks) => {
      found = networks
    },
  }
}

/** Filters of networks come when those are there. */
export const isFilter = ({ 'qom-type': type }: { readonly 'qom-type': string }): boolean => type.startsWith('filter-')

function defined(words: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined))
}
