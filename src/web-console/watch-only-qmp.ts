import { JsonStream, print } from '../json/index.ts'
import type { Filter } from './joined-streams.ts'

/** Commands that tell, and change nothing. */
const harmless = /^(?:qmp_capabilities|(?:__org\.vmon_)?query-[a-z0-9-]+)$/
/** A request of the page's is not longer than this, in bytes. */
const longest = 1 << 16

/** Lets a client ask, and nothing else: other commands are answered in the server's place. */
export function watchOnlyQmp(): Filter {
  const stream = new JsonStream()
  let pending = 0
  return (chunk) => {
    pending += chunk.length
    if (pending > longest) throw new Error('a request is too long')
    stream.feed(chunk.slice())
    const forward: string[] = []
    const answers: string[] = []
    for (let message = stream.next(); message !== undefined; message = stream.next()) {
      pending = 0
      if (!('value' in message)) throw new Error('a request is no JSON')
      const request = message.value as { readonly execute?: unknown; readonly id?: unknown }
      if (typeof request === 'object' && typeof request.execute === 'string' && harmless.test(request.execute))
        forward.push(`${print(message.value)}\n`)
      else answers.push(`${print(refusal(request.id))}\n`)
    }
    return {
      forward: new TextEncoder().encode(forward.join('')),
      ...(answers.length > 0 && { answer: answers.join('') }),
    }
  }
}

function refusal(id: unknown) {
  const error = { class: 'GenericError', desc: 'This link is for looking only' }
  return (id === undefined ? { error } : { id, error }) as Parameters<typeof print>[0]
}
