import type { BoardDevices } from '../../src/board/index.ts'

/** For boards whose tests need no devices beside those that every PC has. */
export const noDevices: BoardDevices = {
  guests: () => undefined,
  worker: new URL('./bare-worker.js', import.meta.url),
}
