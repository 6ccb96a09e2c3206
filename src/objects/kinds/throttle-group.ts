import {
  limitsOfGroup,
  namedLimits,
  ThrottleGroupProperties,
  type ThrottleGroups,
  ThrottleLimitsOptions,
} from '../../block/index.ts'
import { memberAt, root } from '../../qapi/index.ts'
import type { ClassAccess } from '../../qom/index.ts'
import { type ObjectKind, unchanging } from '../object-kind.ts'

type Numbers = Readonly<Record<string, number>>

/** Limits that drives and nodes have together. @param groups - those that there are, when the first object is made */
export function throttleGroup(groups: () => ThrottleGroups): ObjectKind {
  return {
    options: ThrottleGroupProperties,
    make({ limits = {}, ...properties }: Readonly<Record<string, unknown>>, id) {
      const wanted = limitsOfGroup({ id, limits: limits as Numbers, properties: properties as Numbers })
      const read = (): Numbers => namedLimits(groups().find(id)?.limits ?? wanted)
      const single = (name: string): ClassAccess => {
        const { set } = unchanging(undefined, 'Property cannot be set after initialization') as { set(): void }
        return { get: () => read()[name], set }
      }
      return {
        access: {
          limits: {
            get: read,
            set(value) {
              const changed = ThrottleLimitsOptions.decode(value, memberAt(root, 'limits')) as Numbers
              groups()
                .find(id)
                ?.configure(limitsOfGroup({ id, properties: {}, limits: { ...read(), ...changed } }))
            },
          },
          ...Object.fromEntries(Object.keys(read()).map((name) => [`x-${name}`, single(name)])),
        },
        complete: () => groups().addObject(id, wanted),
        busy: () => groups().find(id)?.empty === false,
        close: () => groups().removeObject(id),
      }
    },
  }
}
