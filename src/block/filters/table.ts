import type { FilterDefinition } from '../driver.ts'
import { blkdebug } from './blkdebug/open.ts'
import { throttle } from './throttle/open.ts'

const all: readonly FilterDefinition[] = [blkdebug, throttle]

/** The filters of this version, by name: nodes that let the bytes of another node through, and do something beside it. */
export const filters: ReadonlyMap<string, FilterDefinition> = new Map(all.map((filter) => [filter.name, filter]))
