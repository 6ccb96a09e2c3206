import { type Chardev, type ChardevWatch, SocketChardev } from '../../chardev/index.ts'
import { type ObjectTree, QomObject } from '../../qom/index.ts'

/** Kinds of device that have another name. */
const synonyms: Readonly<Record<string, string>> = { memory: 'ringbuf' }

/** Keeps `/chardevs` as the character devices are. */
export function chardevObjects(tree: ObjectTree): ChardevWatch {
  const folder = tree.container('chardevs')
  const added: ChardevWatch['added'] = (device, kind) => {
    folder.addChild(device.label, new QomObject(tree.types, `chardev-${synonyms[kind] ?? kind}`, accessTo(device)))
  }
  const removed: ChardevWatch['removed'] = (label) => folder.component(label)?.unparent()
  return {
    added,
    removed,
    replaced(device, kind) {
      removed(device.label)
      added(device, kind)
    },
  }
}

function accessTo(device: Chardev) {
  if (!(device instanceof SocketChardev)) return {}
  return { connected: { get: () => device.connected }, addr: { get: () => addressOf(device) } }
}

/** A SocketAddress. */
function addressOf({ address }: SocketChardev) {
  if (address.type === 'unix') return { type: 'unix', path: address.path }
  if (address.type === 'fd') return { type: 'fd', str: String(address.fd) }
  const { host, port, ipv4, ipv6 } = address as { host: string; port: number; ipv4?: boolean; ipv6?: boolean }
  const version = ipv6 === true ? { ipv6: true } : { ipv4: ipv4 ?? true }
  return { type: 'inet', host, port: String(port), ...version }
}
