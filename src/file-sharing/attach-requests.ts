import { FileError } from './file-error.ts'
import { largestMessage } from './message.ts'
import type { Requests } from './request.ts'

const version = '9P2000.L'
/** What a message must at least hold. */
const smallestMessage = 4096
const mostSteps = 16

/** How a conversation begins, and how files get their numbers. */
export const attachRequests: Requests = {
  // Tversion
  100: {
    async serve(asked, answer, { fids, negotiated }) {
      const largest = asked.u32()
      const wanted = asked.text()
      await fids.clear()
      if (largest < smallestMessage) throw new FileError('EMSGSIZE')
      negotiated.largest = Math.min(largest, largestMessage)
      answer.u32(negotiated.largest).text(wanted === version ? version : 'unknown')
    },
  },
  // Tattach
  104: {
    async serve(asked, answer, { fids, seen }) {
      const number = asked.u32()
      asked.u32() // who has been authenticated: nobody has to be
      asked.text()
      asked.text()
      const uid = asked.u32()
      const qid = await seen.qid([])
      fids.add(number, { path: [], uid, use: { kind: 'named' } })
      answer.qid(qid)
    },
  },
  // Tflush: requests are served one after the other, and so the one that it names is done.
  108: {
    async serve(asked) {
      asked.u16()
    },
  },
  // Twalk
  110: {
    async serve(asked, answer, { fids, seen }) {
      const from = asked.u32()
      const to = asked.u32()
      const names = Array.from({ length: steps(asked.u16()) }, () => asked.text())
      const fid = fids.get(from)
      if (fid.use.kind !== 'named' && (from === to || fid.use.kind.endsWith('xattr'))) throw new FileError('EINVAL')
      let path = fid.path
      const found = []
      for (const name of names) {
        const next = name === '..' ? path.slice(0, -1) : name === '.' ? path : [...path, name]
        try {
          found.push(await seen.qid(next))
        } catch (error) {
          if (found.length === 0) throw error
          break
        }
        path = next
      }
      if (found.length === names.length) {
        if (from === to) fid.path = path
        else fids.add(to, { path, uid: fid.uid, use: { kind: 'named' } })
      }
      answer.u16(found.length)
      for (const qid of found) answer.qid(qid)
    },
  },
}

function steps(count: number): number {
  if (count > mostSteps) throw new FileError('EINVAL')
  return count
}
