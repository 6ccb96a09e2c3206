import type { PluggedDevice } from '../../board/index.ts'
import type { GuestDrive, HostSide } from '../model.ts'
import type { DiskAnswer, DiskRequest, DiskShape, FromGuest, ToGuest } from './wire.ts'

/** What stands behind the disk: the drive that its properties name. */
export const host: HostSide = ({ services }) => {
  const drive = services.drive()
  let guest: PluggedDevice | undefined
  let answers: DiskAnswer[] = []
  /** A board that is built again knows nothing of what the one before has asked for. */
  let life = 0
  drive.resized((byteLength) => guest?.send({ type: 'resized', byteLength } satisfies ToGuest))
  /** What ends in the same turn is told together. */
  const tell = (answer: DiskAnswer): void => {
    if (answers.push(answer) > 1) return
    queueMicrotask(() => {
      const told = answers
      answers = []
      guest?.send(
        { type: 'done', answers: told } satisfies ToGuest,
        told.flatMap(({ data }) => ownMemory(data)),
      )
    })
  }
  const serve = async (request: DiskRequest): Promise<void> => {
    const { id } = request
    const asked = life
    const answer = await perform(drive, request).then(
      (data): DiskAnswer => ({ id, failed: false, ...(data !== undefined && { data }) }),
      (): DiskAnswer => ({ id, failed: true }), // whoever is to know why has been told by the drive
    )
    if (asked === life) tell(answer)
  }
  return {
    beginning: () => {
      life++
      const { byteLength, readOnly, writeback } = drive
      return { byteLength, readOnly, writeback } satisfies DiskShape
    },
    connected: (device) => {
      guest = device
    },
    receive: (message) => {
      const said = message as FromGuest
      if (said.type === 'requests') for (const request of said.requests) void serve(request)
      else if (said.type === 'writeback') drive.setWriteback(said.writeback)
      else drive.invalid(said.operation)
    },
  }
}

function perform(drive: GuestDrive, request: DiskRequest): Promise<Uint8Array | void> {
  switch (request.operation) {
    case 'read':
      return drive.read(request.offset, request.length)
    case 'write':
      return drive.write(request.offset, request.data)
    case 'discard':
      return drive.discard(request.offset, request.length)
    case 'zero':
      return drive.writeZeroes(request.offset, request.length, { unmap: request.unmap })
    case 'flush':
      return drive.flush()
  }
}

/** The memory of bytes that have it for themselves: it need not be copied. */
function ownMemory(bytes: Uint8Array | undefined): ArrayBuffer[] {
  if (bytes === undefined || bytes.byteLength === 0 || bytes.byteLength !== bytes.buffer.byteLength) return []
  return [bytes.buffer as ArrayBuffer]
}
