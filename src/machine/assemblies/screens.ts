import type { Board } from '../../board/index.ts'
import type { FdSets } from '../../descriptors/index.ts'
import { type Console, Consoles, ScreenDump, SharedScreen } from '../../display/index.ts'
import { constant, type ObjectTree, QomObject } from '../../qom/index.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly objectTree: ObjectTree
  readonly fdSets: FdSets
}

/** A screen for all who look at it; the first one, unless a device is named. */
export type ScreenFinder = (device?: string, head?: number) => SharedScreen

/** What the guest shows, for whoever looks. */
export function screens(needs: Needs): {
  readonly consoles: Consoles
  readonly screenDump: ScreenDump
  /** @throws {QmpError} if there is no such screen */
  readonly sharedScreen: ScreenFinder
} {
  const hasDevice = (id: string): boolean =>
    id !== '' && needs.objectTree.find(`/machine/peripheral/${id}`) instanceof QomObject
  const consoles = new Consoles(consolesOf(needs), hasDevice)
  return { consoles, screenDump: new ScreenDump(consoles, needs.fdSets), sharedScreen: finderIn(consoles, needs) }
}

/** Whoever looks at one console shares what is seen of it. */
function finderIn(consoles: Consoles, { log }: Needs): ScreenFinder {
  const screens = new Map<string, SharedScreen>()
  return (device, head) => {
    const console = device === undefined ? consoles.first : consoles.find(device, head)
    const key = console === undefined ? '' : `${console.device ?? ''}/${console.head}`
    const known = screens.get(key)
    if (known !== undefined) return known
    const screen = new SharedScreen(console, (error) => log.log('screen', 'the screen cannot be looked at', { error }))
    screens.set(key, screen)
    return screen
  }
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
    changes: (serial, patience) => screen.changes(serial, patience),
    text: () => screen.text(),
  }
}
