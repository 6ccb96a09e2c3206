import type { Viewer, ViewerOptions } from './viewer.ts'

/** What is used of noVNC's `RFB`. */
interface NovncRfb extends EventTarget {
  scaleViewport: boolean
  viewOnly: boolean
  background: string
  focus(): void
  blur(): void
  disconnect(): void
  sendCredentials(credentials: { readonly password: string }): void
  toBlob(callback: (blob: Blob) => void, type: string): void
}
type RfbClass = new (place: HTMLElement, url: string, options: object) => NovncRfb

/** Shows the screen by noVNC, which the server has beside the page. */
export async function openNovnc({ place, url, watchOnly, opened, ended }: ViewerOptions): Promise<Viewer> {
  const path = new URL('novnc/core/rfb.js', location.href).href
  const { default: Rfb } = (await import(path)) as { default: RfbClass }
  const rfb = new Rfb(place, url, { shared: true })
  rfb.scaleViewport = true
  rfb.viewOnly = watchOnly
  rfb.background = 'transparent'
  let why: string | undefined
  rfb.addEventListener('connect', opened)
  rfb.addEventListener('credentialsrequired', () => {
    const password = prompt('Password of the screen')
    if (password === null) rfb.disconnect()
    else rfb.sendCredentials({ password })
  })
  rfb.addEventListener('securityfailure', (event) => {
    why = (event as CustomEvent<{ reason?: string }>).detail.reason ?? 'the password is wrong'
  })
  rfb.addEventListener('disconnect', () => ended(why))
  return {
    focus: () => rfb.focus(),
    blur: () => rfb.blur(),
    picture: () => new Promise((resolve) => rfb.toBlob(resolve, 'image/png')),
    close: () => rfb.disconnect(),
  }
}
