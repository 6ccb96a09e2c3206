import type { PluggedDevice } from '../../board/index.ts'
import type { HostSide } from '../model.ts'
import type { FromSerial, PortShape, SerialShape, ToSerial } from './wire.ts'

/** What a port hears of its controller. */
export interface PortListener {
  sent(bytes: Uint8Array): Promise<void> | undefined
  taken(): void
  opened(open: boolean): void
}

/** A port, at its controller. */
export interface PluggedPort {
  /** Whether somebody is on the host's side. */
  setOpen(open: boolean): void
  /** Bytes for the guest: more only when these have been taken. */
  send(bytes: Uint8Array): void
  /** Takes it from the controller. */
  remove(): void
}

/** What the controller has for its ports. */
export interface PortCarrier {
  add(shape: Omit<PortShape, 'open'>, listener: PortListener): PluggedPort
}

interface Port {
  shape: PortShape
  readonly listener: PortListener
}

/** What stands behind the controller: its ports. */
export const host: HostSide = () => {
  let guest: PluggedDevice | undefined
  const ports = new Map<number, Port>()
  const tell = (message: ToSerial): void => guest?.send(message)

  const pass = async (port: number, bytes: Uint8Array): Promise<void> => {
    await ports.get(port)?.listener.sent(bytes)
    tell({ type: 'through', port, count: bytes.length })
  }
  const forCarried: PortCarrier = {
    add: (said, listener) => {
      const { number } = said
      const port: Port = { shape: { ...said, open: false }, listener }
      ports.set(number, port)
      tell({ type: 'added', port: port.shape })
      return {
        setOpen: (open) => {
          if (open === port.shape.open) return
          port.shape = { ...port.shape, open }
          tell({ type: 'open', port: number, open })
        },
        send: (bytes) => tell({ type: 'bytes', port: number, bytes }),
        remove: () => {
          ports.delete(number)
          tell({ type: 'removed', port: number })
        },
      }
    },
  }
  return {
    forCarried,
    beginning: () => ({ ports: [...ports.values()].map(({ shape }) => shape) }) satisfies SerialShape,
    connected: (device) => {
      guest = device
    },
    receive: (message) => {
      const news = message as FromSerial
      if (news.type === 'sent') void pass(news.port, news.bytes)
      else if (news.type === 'taken') ports.get(news.port)?.listener.taken()
      else ports.get(news.port)?.listener.opened(news.open)
    },
    closed: () => {
      guest = undefined
    },
  }
}
