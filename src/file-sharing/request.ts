import type { Fids } from './fids.ts'
import type { MessageReader, MessageWriter } from './message.ts'
import type { SeenFiles } from './seen-files.ts'
import type { SharedFolder } from './shared-folder.ts'

/** What a request is served with. */
export interface Serving {
  readonly shared: SharedFolder
  readonly fids: Fids
  readonly seen: SeenFiles
  /** The largest message, in bytes, as both sides have agreed; 0 before they have. */
  readonly negotiated: { largest: number }
}

export interface Request {
  /** It changes something: in a folder that is only to be read it is refused. */
  readonly writes?: true
  /** Reads what is asked and writes what is answered. @throws {Error} of the system, whose number the guest is told */
  serve(asked: MessageReader, answer: MessageWriter, serving: Serving): Promise<void>
}

/** By the types of their messages. */
export type Requests = Readonly<Record<number, Request>>
