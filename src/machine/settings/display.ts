import { OptionError, parseBoolean, parseKeyval } from '../../keyval/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import { isJsonOption, parseJsonOption } from './json-option.ts'

/** Kinds of `-vga`, with the names that QEMU has for their cards. Those without a picture here are not available. */
const cards: Readonly<Record<string, { readonly title: string; readonly vga?: boolean }>> = {
  none: { title: 'no graphic card', vga: false },
  std: { title: 'standard VGA', vga: true },
  cirrus: { title: 'Cirrus VGA' },
  vmware: { title: 'VMWare SVGA' },
  qxl: { title: 'QXL VGA' },
  virtio: { title: 'Virtio VGA' },
  tcx: { title: 'TCX framebuffer' },
  cg3: { title: 'CG3 framebuffer' },
}

/** What `-vga help` prints. */
export const vgaHelp = Object.entries(cards)
  .filter(([, { vga }]) => vga !== undefined)
  .map(([name, { title, vga }]) => `${name.padEnd(20)} ${title}${vga ? ' (default)' : ''}\n`)
  .join('')

/**
 * Whether the machine has a VGA card.
 *
 * @throws {OptionError} if there is no such card
 */
export function vgaOf(text: string): boolean {
  const [, name = '', rest = ''] = /^([a-z0-9]*)(.*)$/s.exec(text) ?? []
  const card = ownEntry(cards, name)
  if (card === undefined || !['', ',retrace=dumb', ',retrace=precise'].includes(rest))
    throw new OptionError(`unknown vga type: ${text}`)
  if (card.vga === undefined) throw new OptionError(`${card.title} not available`)
  return card.vga
}

/** The displays that QEMU knows; here there is none but `none`, and `web`, which is read before. */
const displays = ['default', 'none', 'gtk', 'sdl', 'egl-headless', 'curses', 'spice-app', 'dbus']
const switchNames = ['full-screen', 'window-close', 'show-cursor'] as const

export const displayHelp = 'Available display backend types:\nnone\nweb\n'

const glModes = ['off', 'on', 'core', 'es'] as const

/** What `-display` says, which `query-display-options` tells. */
export interface DisplayOptions {
  readonly type: 'none'
  readonly 'full-screen'?: boolean
  readonly 'window-close'?: boolean
  readonly 'show-cursor'?: boolean
  readonly gl?: (typeof glModes)[number]
}

/**
 * Reads the value of `-display`: a list, or JSON.
 *
 * @throws {OptionError} if it is not `none`
 */
export function displayOptionsOf(text: string): DisplayOptions {
  if (text === 'vnc') throw new OptionError('VNC requires a display argument vnc=<display>')
  const json = isJsonOption(text)
  const { object, help } = json ? { object: parseJsonOption(text), help: false } : parseKeyval(text, 'type')
  if (help) throw new OptionError('Help is not available for this option')
  const { type, gl, ...rest } = object
  if (type === undefined) throw new OptionError("Parameter 'type' is missing")
  if (typeof type !== 'string') throw new OptionError("Invalid parameter type for 'type', expected: string")
  if (!displays.includes(type)) throw new OptionError(`Parameter 'type' does not accept value '${type}'`)
  const switches = switchNames.flatMap((name) =>
    rest[name] === undefined ? [] : [[name, switchOf(name, rest[name], json)]],
  )
  const mode = glModes.find((known) => known === gl)
  if (gl !== undefined && mode === undefined)
    throw new OptionError(`Parameter 'gl' does not accept value '${String(gl)}'`)
  if (type !== 'none') throw notAvailable(type)
  const stranger = Object.keys(rest).find((name) => !(switchNames as readonly string[]).includes(name))
  if (stranger !== undefined) throw new OptionError(`Parameter '${stranger}' is unexpected`)
  return { type, ...Object.fromEntries(switches), ...(mode !== undefined && { gl: mode }) }
}

function switchOf(name: string, value: unknown, json: boolean): boolean {
  if (json && typeof value !== 'boolean')
    throw new OptionError(`Invalid parameter type for '${name}', expected: boolean`)
  const on = json ? value === true : parseBoolean(String(value))
  if (on === undefined) throw new OptionError(`Parameter '${name}' expects 'on' or 'off'`)
  return on
}

function notAvailable(display: string): OptionError {
  return new OptionError(`Display '${display}' is not available.`)
}
