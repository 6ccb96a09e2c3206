/** Chromium without windows, driven through its own protocol (CDP) by a pair of pipes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** Debian's package of the same name. */
export const chromiumProgram = 'chromium-headless-shell'

type Answer = { readonly result?: any; readonly error?: { readonly message: string } }

export class Chromium implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #input: Writable
  readonly #pending = new Map<number, (answer: Answer) => void>()
  readonly #listeners = new Set<(method: string, params: any, sessionId: string | undefined) => void>()
  #nextId = 1

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.#folder = folder
    this.#input = child.stdio[3] as Writable
    this.#input.on('error', () => undefined)
    let pending = ''
    ;(child.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      const messages = (pending + chunk).split('\0')
      pending = messages.pop()!
      for (const message of messages) this.#receive(JSON.parse(message))
    })
    child.once('exit', () => {
      for (const answer of this.#pending.values()) answer({ error: { message: 'Chromium has ended' } })
    })
  }

  static async start(): Promise<Chromium> {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-chromium-'))
    const options = ['--remote-debugging-pipe', `--user-data-dir=${folder}`, '--no-sandbox', '--disable-gpu']
    const child = spawn(chromiumProgram, [...options, '--disable-dev-shm-usage', '--hide-scrollbars', 'about:blank'], {
      detached: true, // a group of its own, which ends together
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    })
    await once(child, 'spawn')
    return new Chromium(child, folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined
    process.kill(-this.#child.pid!, 'SIGKILL')
    await exited
    for (const pipe of this.#child.stdio) pipe?.destroy()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 })
  }

  /** A page of its own. @param signal - ends every wait */
  async open(url: string, signal: AbortSignal): Promise<BrowserPage> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new BrowserPage(this, sessionId, signal)
    await page.begin(url)
    return page
  }

  /** @throws {Error} if the browser refuses */
  async send(method: string, params: object = {}, sessionId?: string): Promise<any> {
    const id = this.#nextId++
    const answer = new Promise<Answer>((resolve) => this.#pending.set(id, resolve))
    this.#input.write(`${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`)
    const { result, error } = await answer
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }

  listen(listener: (method: string, params: any, sessionId: string | undefined) => void): void {
    this.#listeners.add(listener)
  }

  #receive(message: Answer & { readonly id?: number; method?: string; params?: any; sessionId?: string }): void {
    const { id, method } = message
    if (id !== undefined) {
      this.#pending.get(id)?.(message)
      this.#pending.delete(id)
    } else if (method !== undefined) {
      for (const listener of this.#listeners) listener(method, message.params, message.sessionId)
    }
  }
}

/** Keys by their names in `KeyboardEvent.key`, with what CDP wants to know of them. */
const keys: Readonly<Record<string, { readonly code: string; readonly number: number; readonly text?: string }>> = {
  Enter: { code: 'Enter', number: 13, text: '\r' },
  Tab: { code: 'Tab', number: 9 },
  ArrowDown: { code: 'ArrowDown', number: 40 },
  ArrowUp: { code: 'ArrowUp', number: 38 },
  Escape: { code: 'Escape', number: 27 },
}

/** A page, used as a person does: by what it shows, by mouse and keyboard. */
export class BrowserPage {
  /** What the page has complained of: errors of its scripts, what its policy forbids. */
  readonly complaints: string[] = []
  readonly #browser: Chromium
  readonly #session: string
  readonly #signal: AbortSignal

  constructor(browser: Chromium, session: string, signal: AbortSignal) {
    this.#browser = browser
    this.#session = session
    this.#signal = signal
    browser.listen((method, params, of) => {
      if (of !== session) return
      if (method === 'Runtime.exceptionThrown')
        this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text)
      if (method === 'Log.entryAdded' && params.entry.level === 'error')
        this.complaints.push(`${params.entry.text} ${params.entry.url ?? ''}`)
    })
  }

  async begin(url: string): Promise<void> {
    for (const domain of ['Page', 'Runtime', 'Log']) await this.#send(`${domain}.enable`)
    await this.size(1280, 900)
    await this.#send('Page.navigate', { url })
    await this.until('document.readyState === "complete"')
  }

  /** The value of an expression in the page. */
  async value(expression: string): Promise<any> {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }

  /** Waits until an expression is true. @returns its value */
  async until(expression: string): Promise<any> {
    for (;;) {
      const value = await this.value(expression).catch(() => undefined)
      if (value) return value
      if (this.#signal.aborted) throw new Error(`it was waited in vain for ${expression}\n${await this.text()}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** All that can be read. */
  text(): Promise<string> {
    return this.value('document.body.innerText')
  }

  async size(width: number, height: number): Promise<void> {
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
  }

  async theme(value: 'light' | 'dark'): Promise<void> {
    await this.#send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] })
  }

  /** Clicks the button of that name, as soon as there is one that can be clicked; of several, the first one. */
  async press(name: string, within = 'body'): Promise<void> {
    const found = `[...document.querySelectorAll('${within} button, ${within} summary')].find((one) => one.textContent.trim() === ${JSON.stringify(name)} && !one.disabled)`
    await this.until(`${found} !== undefined`)
    await this.click(found)
  }

  /** Presses a button that asks back, and says yes; as often as the page takes the question away meanwhile. */
  async pressSurely(name: string, sure: string, within = 'body'): Promise<void> {
    const button = (text: string): string =>
      `[...document.querySelectorAll('${within} button')].find((one) => one.textContent.trim() === ${JSON.stringify(text)} && !one.disabled)`
    for (;;) {
      await this.until(`${button(name)} !== undefined || ${button(sure)} !== undefined`)
      const asked = await this.value(`${button(sure)} !== undefined`)
      const pressed = await this.click(button(asked ? sure : name)).then(
        () => true,
        () => false, // it has become the other one
      )
      if (asked && pressed) return
    }
  }

  /** Clicks the middle of an element, where it stays. @param element - an expression that finds it */
  async click(element: string): Promise<void> {
    const place = (): Promise<{ readonly x: number; readonly y: number }> =>
      this.value(
        `(() => { const found = ${element}; found.scrollIntoView({ block: 'center' }); const { x, y, width, height } = found.getBoundingClientRect(); return { x: x + width / 2, y: y + height / 2 } })()`,
      )
    let [before, { x, y }] = [await place(), await place()]
    while (before.x !== x || before.y !== y) [before, { x, y }] = [{ x, y }, await place()]
    for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased'])
      await this.#send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1, buttons: 1 })
  }

  /** Types into a field. */
  async fill(selector: string, text: string): Promise<void> {
    await this.until(`document.querySelector(${JSON.stringify(selector)}) !== null`)
    await this.value(`document.querySelector(${JSON.stringify(selector)}).focus()`)
    await this.#send('Input.insertText', { text })
  }

  /** Presses a key where the focus is: a named one, or a letter. @param modifiers - 1 Alt, 2 Ctrl, 8 Shift */
  async key(key: string, modifiers = 0): Promise<void> {
    const letter = { code: `Key${key.toUpperCase()}`, number: key.toUpperCase().charCodeAt(0), text: key }
    const { code, number, text } = keys[key] ?? letter
    const event = { key, code, windowsVirtualKeyCode: number, modifiers }
    await this.#send('Input.dispatchKeyEvent', {
      type: text === undefined || modifiers > 0 ? 'rawKeyDown' : 'keyDown',
      ...(text !== undefined && modifiers === 0 && { text }),
      ...event,
    })
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...event })
  }

  /** A picture of the page, as a PNG; written to a file as well, if there is a name. */
  async picture(path?: string): Promise<Buffer> {
    const { data } = await this.#send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: false })
    const bytes = Buffer.from(data, 'base64')
    if (path !== undefined) await writeFile(path, bytes)
    return bytes
  }

  /** Where the browser puts what it saves. */
  async saveTo(downloadPath: string): Promise<void> {
    await this.#browser.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath })
  }

  #send(method: string, params: object = {}): Promise<any> {
    return this.#browser.send(method, params, this.#session)
  }
}
