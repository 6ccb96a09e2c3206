import { type ChardevWatch, SocketChardev } from '../chardev/index.ts'
import type { YankInstance } from '../commands/index.ts'

/** Shuts the connection of an instance down, if it has one, without waiting for anybody. */
export type Yank = () => void

/** What depends on a peer that may hang, in the order in which it came: socket chardevs, NBD clients, a migration. */
export class YankInstances {
  readonly #entries = new Map<string, { readonly instance: YankInstance; readonly yank: Yank | undefined }>()

  /** Keeps a place in the order for an instance that is registered later. */
  reserve(instance: YankInstance): void {
    this.#entries.set(keyOf(instance), { instance, yank: undefined })
  }

  /** Adds an instance; one that is there already keeps its place. @returns what takes it out again */
  register(instance: YankInstance, yank: Yank): () => void {
    const key = keyOf(instance)
    const entry = { instance, yank }
    this.#entries.set(key, entry)
    return () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    }
  }

  list(): readonly YankInstance[] {
    return [...this.#entries.values()].flatMap(({ instance, yank }) => (yank === undefined ? [] : [instance]))
  }

  /**
   * Shuts the connections of instances down.
   *
   * @returns false if there is no such instance; nothing has been done then
   */
  yank(instances: readonly YankInstance[]): boolean {
    const yanks = instances.map((instance) => this.#entries.get(keyOf(instance))?.yank)
    if (yanks.includes(undefined)) return false
    for (const yank of yanks) yank?.()
    return true
  }
}

/** Keeps the socket chardevs among the instances. */
export function yankableChardevs(instances: YankInstances): ChardevWatch {
  const releases = new Map<string, () => void>()
  const removed = (label: string): void => {
    releases.get(label)?.()
    releases.delete(label)
  }
  const added: ChardevWatch['added'] = (device) => {
    const { label } = device
    if (!(device instanceof SocketChardev)) return removed(label)
    releases.set(
      label,
      instances.register({ type: 'chardev', id: label }, () => device.yank()),
    )
  }
  return { added, replaced: added, removed }
}

function keyOf(instance: YankInstance): string {
  switch (instance.type) {
    case 'chardev':
      return `chardev ${instance.id}`
    case 'block-node':
      return `block-node ${instance['node-name']}`
    case 'migration':
      return 'migration'
  }
}
