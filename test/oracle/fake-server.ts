/**
 * A server with one fault, for the tests of the runner: `node fake-server.js FAULT SOCKET` (FAULT `none`: it has none).
 * It answers every line with the `return` of its number, `nope` with CommandNotFound, and `quit` by ending.
 */
import { createServer, type Socket } from 'node:net'

const [fault, path] = process.argv.slice(2)
const server = createServer(serve).listen(path)
if (fault !== 'deaf') process.on('SIGTERM', () => end())

function end(): void {
  if (fault === 'leaves its socket') process.exit(0)
  server.close(() => process.exit(fault === 'exits with 3' ? 3 : 0))
  for (const socket of sockets) socket.destroy()
}

const sockets = new Set<Socket>()
function serve(socket: Socket): void {
  sockets.add(socket)
  let count = -1
  const print = (line: string) => socket.write(`${line}${fault === 'bare line feed' && count > 0 ? '' : '\r'}\n`)
  const event = (name: string) => print(`{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "${name}"}`)
  const answer = (line: string) => {
    count++
    if (fault === 'mute' && count === 2) return
    if (line.includes('nope'))
      return print('{"error": {"class": "CommandNotFound", "desc": "The command nope has not been found"}}')
    if (line.includes('event') && fault !== 'no event') event('STOP')
    print(count === 0 ? '{"return": {}}' : `{"return": ${count}}`)
    if (fault === 'extra line' && count === 1) setTimeout(() => event('RESUME'), 20)
    if (line.includes('quit')) {
      socket.end()
      end()
    }
  }
  print('{"QMP": {"version": {}, "capabilities": []}}')
  socket.setEncoding('utf8').on('data', (text: string) => text.trim().split('\n').forEach(answer))
}
