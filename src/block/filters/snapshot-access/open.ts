import type { FilterDefinition, FilterRequest } from '../../open/driver.ts'
import { SnapshotAccessDriver } from './snapshot-access-driver.ts'

/** Shows what an image held when a `copy-before-write` node came over it. */
export const snapshotAccess: FilterDefinition = {
  name: 'snapshot-access',
  kind: 'format',
  child: 'file',

  async open({ child }: FilterRequest): Promise<SnapshotAccessDriver> {
    return new SnapshotAccessDriver(child)
  },
}
