import { once } from 'node:events'
import { connect } from 'node:net'

/** Sends each line when the one before it has been answered. @returns all that is said */
export async function talk(path: string, lines: readonly string[]): Promise<readonly string[]> {
  const socket = connect(path).setEncoding('latin1')
  await once(socket, 'connect')
  const said: string[] = []
  let heard = ''
  for (const line of lines) {
    said.push(`> ${line}`)
    socket.write(`${line}\n`)
    for (;;) {
      const end = heard.indexOf('\n')
      if (end < 0) {
        heard += String(await once(socket, 'data'))
        continue
      }
      const answer = heard.slice(0, end)
      heard = heard.slice(end + 1)
      said.push(answer)
      if (!answer.startsWith('IRQ ')) break
    }
  }
  socket.destroy()
  return said
}
