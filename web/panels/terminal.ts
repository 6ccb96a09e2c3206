import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'

export interface TerminalOptions {
  readonly place: HTMLElement
  readonly url: string
  readonly mayType: boolean
  readonly ended: () => void
}

/** A terminal at the other end of a WebSocket. The result ends it. */
export function openTerminal({ place, url, mayType, ended }: TerminalOptions): () => void {
  const terminal = new Terminal({
    disableStdin: !mayType,
    fontSize: 13,
    scrollback: 5000,
    screenReaderMode: true,
    theme: { background: '#000000', foreground: '#e6e6e6' },
  })
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  terminal.open(place)
  fit.fit()
  const sizes = new ResizeObserver(() => fit.fit())
  sizes.observe(place)
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('message', ({ data }) => terminal.write(new Uint8Array(data as ArrayBuffer)))
  socket.addEventListener('close', ended)
  // Tab is a key for the guest here; with Escape before it, it goes on through the page.
  const encoder = new TextEncoder()
  terminal.onData((text) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(encoder.encode(text))
  })
  return () => {
    socket.removeEventListener('close', ended)
    socket.close()
    sizes.disconnect()
    terminal.dispose()
  }
}
