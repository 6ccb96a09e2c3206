import type { Board } from '../../board/index.ts'
import { type Console, Consoles } from '../../display/index.ts'
import { constant, type ObjectTree, QomObject } from '../../qom/index.ts'
import type { Start } from './start.ts'

/** What the guest shows, for whoever looks. */
export function screens({
  config,
  board,
  objectTree,
}: Start & { readonly board: Board; readonly objectTree: ObjectTree }): { readonly consoles: Consoles } {
  const { machine, vga, videoCard } = config
  if (machine !== 'pc' || !vga) return { consoles: new Consoles([]) }
  addConsole(objectTree)
  return { consoles: new Consoles([consoleOf(board, videoCard?.id)]) }
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
