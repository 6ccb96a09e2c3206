import { type Deferred, deferred } from '../../async/index.ts'
import type { HostSide, HostSurroundings } from '../model.ts'
import type { PortCarrier } from '../virtio-serial-pci/host.ts'

/** Joins a port of the controller with the character device that is behind it. */
export function portHost({ properties, services }: HostSurroundings, { console }: { readonly console: boolean }) {
  const carrier = services.carrier() as PortCarrier
  /** The guest has not taken what it was sent last. */
  let reading: Deferred<void> | undefined
  const done = (): void => {
    reading?.resolve()
    reading = undefined
  }
  if (!console) services.listening(false)
  const shape = { number: Number(properties['nr']), name: String(properties['name'] ?? ''), console }
  const port = carrier.add(shape, {
    sent: (bytes) => services.output(bytes),
    taken: done,
    opened: (open) => {
      if (!console) services.listening(open)
      services.guestOpened(open)
    },
  })
  // A console is open from the start, whether anybody sees it or not.
  if (console && properties['chardev'] !== undefined) port.setOpen(true)
  else services.peers((present) => port.setOpen(present))
  services.input((bytes) => {
    reading = deferred()
    port.send(bytes)
    return reading.promise
  })
  return {
    receive: () => undefined,
    closed: () => {
      port.remove()
      done()
    },
  }
}

export const host: HostSide = (surroundings) => portHost(surroundings, { console: false })
