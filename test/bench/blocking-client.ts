import { loadLibc } from '../../src/libc/index.ts'

/**
 * Times commands in a client that blocks: it wakes up the moment the reply is there, so that what is measured is the
 * server's time and not that of an event loop in the client.
 *
 * @returns microseconds of each, or undefined where the C library cannot be called
 */
export function blockingRoundTrips(path: string, count: number): number[] | undefined {
  const libc = loadLibc()
  if (libc === undefined) return undefined
  const write = libc.func('intptr_t write(int fd, uint8_t *bytes, size_t length)')
  const read = libc.func('intptr_t read(int fd, _Out_ uint8_t *bytes, size_t length)')
  const fd = libc.func('int socket(int domain, int type, int protocol)')(1, 1, 0)
  const address = new Uint8Array(110)
  address[0] = 1 // AF_UNIX
  new TextEncoder().encodeInto(path, address.subarray(2))
  const connect = libc.func('int connect(int fd, uint8_t *address, uint32_t length)')
  if (connect(fd, address, address.length) !== 0) throw new Error(`no connection to ${path}`)
  const buffer = new Uint8Array(4096)
  const ask = (text: string): void => {
    const bytes = new TextEncoder().encode(text)
    write(fd, bytes, bytes.length)
    readLine()
  }
  const readLine = (): void => {
    for (;;) {
      const length = Number(read(fd, buffer, buffer.length))
      if (length <= 0) throw new Error('the server has hung up')
      if (buffer[length - 1] === 0x0a) return
    }
  }
  readLine() // the greeting
  ask('{"execute":"qmp_capabilities"}\n')
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const begin = performance.now()
    ask('{"execute":"query-status"}\n')
    times.push((performance.now() - begin) * 1000)
  }
  libc.func('int close(int fd)')(fd)
  return times
}
