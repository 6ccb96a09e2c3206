/**
 * The console page: what a machine shows, is and does, and what can be done to it. Talks to its server alone, by
 * WebSockets: QMP, RFB, serial ports.
 */
import '@xterm/xterm/css/xterm.css'
import './style.css'
import { render } from 'preact'
import { Machine } from './machine.ts'
import { Page } from './page.tsx'
import { rememberedTheme, showTheme } from './theme.ts'

/** What the server tells of itself. */
export interface About {
  readonly name: string
  readonly rights: 'control' | 'watch'
  readonly screen: boolean
  readonly viewer: 'novnc' | 'own'
  readonly serial: readonly string[]
}

showTheme(rememberedTheme())
const place = document.getElementById('page')!
try {
  const response = await fetch('about.json')
  if (!response.ok) throw new Error(`the server says ${response.status}`)
  const told = (await response.json()) as About
  // ?viewer=own does without noVNC.
  const viewer = new URLSearchParams(location.search).get('viewer') === 'own' ? 'own' : told.viewer
  const about: About = { ...told, viewer }
  document.title = `${about.name} – vmon`
  render(<Page about={about} machine={new Machine(about.rights === 'control')} />, place)
} catch (error) {
  render(<p role="alert">The machine cannot be reached: {(error as Error).message}</p>, place)
}
