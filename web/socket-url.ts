/** The WebSocket of one of the machine's services, beside this page. */
export function socketUrl(name: string): string {
  const url = new URL(name, location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  return url.href
}
