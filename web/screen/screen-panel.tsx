import { useEffect, useRef, useState } from 'preact/hooks'
import type { Machine } from '../machine.ts'
import type { About } from '../main.tsx'
import { socketUrl } from '../socket-url.ts'
import { openNovnc } from './novnc-viewer.ts'
import { openOwnViewer } from './own-viewer.ts'
import { TypeText } from './type-text.tsx'
import type { Viewer } from './viewer.ts'

const againMs = 2000

/** The guest's screen, and what is sent to it. */
export function ScreenPanel({
  about,
  machine,
  running,
}: {
  readonly about: About
  readonly machine: Machine
  readonly running: boolean
}) {
  const frame = useRef<HTMLDivElement>(null)
  const place = useRef<HTMLDivElement>(null)
  const viewer = useRef<Viewer | undefined>(undefined)
  const [said, say] = useState<string | undefined>('Connecting to the screen…')
  const [typing, setTyping] = useState(false)

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let gone = false
    const connect = async (): Promise<void> => {
      const open = about.viewer === 'novnc' ? openNovnc : openOwnViewer
      viewer.current = await open({
        place: place.current!,
        url: socketUrl('screen'),
        watchOnly: !machine.mayControl,
        opened: () => say(undefined),
        ended: (why) => {
          if (gone) return
          say(why ?? 'The connection to the screen is lost. Trying again…')
          timer = setTimeout(connect, againMs)
        },
      })
    }
    void connect()
    return () => {
      gone = true
      clearTimeout(timer)
      viewer.current?.close()
    }
  }, [about, machine])

  const save = async (): Promise<void> => {
    const picture = await viewer.current?.picture()
    if (picture === undefined) return
    const link = document.createElement('a')
    link.href = URL.createObjectURL(picture)
    link.download = `${about.name}.png`
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 1000)
  }
  const fill = async (): Promise<void> => {
    await frame.current!.requestFullscreen()
    viewer.current?.focus()
  }
  // Whoever is at the guest's keyboard gets away from it by this.
  const letGo = (event: KeyboardEvent): void => {
    if (!(event.ctrlKey && event.altKey && event.code === 'KeyG')) return
    event.preventDefault()
    event.stopPropagation()
    viewer.current?.blur()
    document.getElementById('after-screen')?.focus()
  }
  const paste = async (): Promise<void> => {
    try {
      await machine.type(await navigator.clipboard.readText())
    } catch {
      machine.complain('The browser gives no text from its clipboard. “Type text” takes it as well.')
    }
  }
  const press = (...keys: readonly string[]): void =>
    void machine.run('send-key', { keys: keys.map((data) => ({ type: 'qcode', data })) })

  return (
    <section class="screen" aria-label="Screen">
      <div ref={frame} class={`frame ${running ? '' : 'still'}`} onKeyDownCapture={letGo}>
        <div ref={place} class="place" data-testid="screen" />
        {said !== undefined && <p class="said">{said}</p>}
      </div>
      {machine.mayControl && <p class="dim hint">Click the screen to type to the guest; Ctrl+Alt+G lets go.</p>}
      <div class="buttons" role="toolbar" aria-label="Screen">
        {machine.mayControl && (
          <>
            <button type="button" id="after-screen" onClick={() => press('ctrl', 'alt', 'delete')}>
              Ctrl+Alt+Del
            </button>
            <button type="button" aria-expanded={typing} onClick={() => setTyping(!typing)}>
              Type text
            </button>
            <button type="button" onClick={paste}>
              Paste
            </button>
          </>
        )}
        <button type="button" onClick={save}>
          Picture
        </button>
        <button type="button" onClick={fill}>
          Full screen
        </button>
      </div>
      {typing && <TypeText machine={machine} />}
    </section>
  )
}
