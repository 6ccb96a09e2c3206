import type { PluggedDevice } from '../../board/index.ts'
import type { HostSide } from '../model.ts'
import type { Changed, FlashShape, Kept } from './wire.ts'

/** What stands behind a flash chip: the image that it begins with, and that its changes are written to. */
export const host: HostSide = ({ services }) => {
  const flash = services.flash()
  let guest: PluggedDevice | undefined
  const keep = async ({ pieces }: Changed): Promise<void> => {
    for (const { offset, bytes } of pieces) {
      flash.contents.set(bytes, offset)
      await flash.write(offset, bytes).catch(() => undefined) // the guest is not told, as with QEMU
    }
    guest?.send('kept' satisfies Kept)
  }
  return {
    beginning: () => {
      const { address, contents, readOnly } = flash
      return { address, contents, readOnly } satisfies FlashShape
    },
    connected: (device) => {
      guest = device
    },
    receive: (message) => void keep(message as Changed),
  }
}
