import type { FilterDefinition } from '../open/driver.ts'
import { blkdebug } from './blkdebug/open.ts'
import { compress } from './compress/open.ts'
import { copyBeforeWrite } from './copy-before-write/open.ts'
import { copyOnRead } from './copy-on-read/open.ts'
import { preallocate } from './preallocate/open.ts'
import { snapshotAccess } from './snapshot-access/open.ts'
import { throttle } from './throttle/open.ts'

const all: readonly FilterDefinition[] = [
  blkdebug,
  compress,
  copyBeforeWrite,
  copyOnRead,
  preallocate,
  snapshotAccess,
  throttle,
]

/** The filters of this version, by name: nodes that let the bytes of another node through, and do something beside it. */
export const filters: ReadonlyMap<string, FilterDefinition> = new Map(all.map((filter) => [filter.name, filter]))
