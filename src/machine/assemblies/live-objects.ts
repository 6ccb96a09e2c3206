import type { Board } from '../../board/index.ts'
import type { ObjectTree } from '../../qom/index.ts'
import type { Start } from './start.ts'

/** Joins objects with what they are to be read from, now that it is there. */
export function liveObjects({
  objectTree,
  board,
}: Start & { readonly objectTree: ObjectTree; readonly board: Board }): object {
  const get = async () => brokenDown(new Date(await board.clock()))
  objectTree.firstOf('mc146818rtc')?.addProperty('date', { kind: 'value', type: 'struct tm', get })
  return {}
}

/** A time as C has it: years since 1900, months since January. */
function brokenDown(date: Date) {
  return {
    tm_year: date.getUTCFullYear() - 1900,
    tm_mon: date.getUTCMonth(),
    tm_mday: date.getUTCDate(),
    tm_hour: date.getUTCHours(),
    tm_min: date.getUTCMinutes(),
    tm_sec: date.getUTCSeconds(),
  }
}
