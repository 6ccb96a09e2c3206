import type { Board } from '../../board/index.ts'
import type { ChardevSet } from '../../chardev/index.ts'
import { constant, type ObjectTree, QomObject } from '../../qom/index.ts'
import { QtestLog, QtestServer } from '../../qtest/index.ts'
import type { BoardListeners } from '../board-listeners.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly chardevs: ChardevSet
  readonly objectTree: ObjectTree
  readonly listeners: BoardListeners
}

/** Lets a test speak to the devices, if one was announced. */
export function qtest({ config, scope, board, chardevs, objectTree, listeners }: Needs): object {
  if (config.qtest === undefined) return {}
  const { chardev, log } = config.qtest
  const server = new QtestServer({ board, objectTree, log: scope.own(new QtestLog(log)) })
  listeners.interruptLine = (line, asserted) => server.interruptLine(line, asserted)
  chardevs.find(chardev).attach(server)
  const properties = { chardev: constant(chardev), log: constant(log ?? '') }
  objectTree.add('/machine', 'qtest', new QomObject(objectTree.types, 'qtest', properties))
  return {}
}
