import type { Board } from '../../board/index.ts'
import type { FdSets } from '../../descriptors/index.ts'
import { type Console, Consoles, ScreenDump } from '../../display/index.ts'
import { constant, type ObjectTree, QomObject } from '../../qom/index.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly objectTree: ObjectTree
  readonly fdSets: FdSets
}

/** What the guest shows, for whoever looks. */
export function screens(needs: Needs): { readonly consoles: Consoles; readonly screenDump: ScreenDump } {
  const consoles = new Consoles(consolesOf(needs))
  return { consoles, screenDump: new ScreenDump(consoles, needs.fdSets) }
}

function consolesOf({ config, board, objectTree }: Needs): readonly Console[] {
  const { machine, vga, videoCard } = config
  if (machine !== 'pc' || !vga) return []
  addConsole(objectTree)
  return [consoleOf(board, videoCard?.id)]
}

/** What the guest's screen is in the tree: a console in front of its device. */
function addConsole(tree: ObjectTree): void {
  const console = new QomObject(tree.types, 'qemu-console')
  console.addProperty('device', { kind: 'link', type: 'link<device>', target: () => tree.firstOf('VGA') })
  console.addProperty('head', { kind: 'value', type: 'uint32', ...constant(0) })
  tree.container('backend').addChild('console[*]', console)
}

function consoleOf({ screen }: Board, device: string | undefined): Console {
  return {
    device,
    head: 0,
    capture: () => screen.capture(),
    changes: (serial) => screen.changes(serial),
    text: () => screen.text(),
  }
}
