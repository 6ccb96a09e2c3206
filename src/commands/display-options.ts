import { bool, nothing, oneOf, opt, req, str, struct, union } from '../qapi/index.ts'

const type = oneOf('DisplayType', ['default', 'none', 'gtk', 'sdl', 'egl-headless', 'curses', 'spice-app', 'dbus'])
const rendernode = { rendernode: opt(str, 'the graphics card that draws') }

/** How the screen is shown, beside VNC (QAPI DisplayOptions). */
export const DisplayOptions = union('DisplayOptions', {
  base: {
    type: req(type, 'the kind of windows; `none`'),
    'full-screen': opt(bool, 'whether it fills the screen'),
    'window-close': opt(bool, 'whether its window can be closed'),
    'show-cursor': opt(bool, 'whether the pointer is shown'),
    gl: opt(oneOf('DisplayGLMode', ['off', 'on', 'core', 'es']), 'whether OpenGL is used'),
  },
  discriminator: 'type',
  words: type,
  branches: {
    gtk: struct('DisplayGTK', {
      'grab-on-hover': opt(bool, 'whether the keyboard is taken when the pointer comes'),
      'zoom-to-fit': opt(bool, 'whether the picture is as large as the window'),
      'show-tabs': opt(bool, 'whether consoles have tabs'),
      'show-menubar': opt(bool, 'whether there is a menu'),
    }),
    curses: struct('DisplayCurses', { charset: opt(str, 'the character set of the terminal') }),
    'egl-headless': struct('DisplayEGLHeadless', rendernode),
    dbus: struct('DisplayDBus', {
      ...rendernode,
      addr: opt(str, 'the bus'),
      p2p: opt(bool, 'whether there is none'),
      audiodev: opt(str, 'what is heard there'),
    }),
    sdl: struct('DisplaySDL', {
      'grab-mod': opt(oneOf('HotKeyMod', ['lctrl-lalt', 'lshift-lctrl-lalt', 'rctrl']), 'the keys that let go'),
    }),
    default: nothing,
    none: nothing,
    'spice-app': nothing,
  },
})
