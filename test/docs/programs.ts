import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { demoFloppy } from '../../guests/demo.ts'
import { installerFloppy } from '../../guests/installer.ts'
import { testKernel } from '../../guests/test-kernel.ts'

/** The blocks of a language in a page, or of a language and what else stands beside its name (`sh run`). */
export function blocksOf(page: string, language: string): readonly string[] {
  return [...page.matchAll(/^```(\w[\w ]*)\n(.*?)^```/gms)].flatMap(([, word, text]) =>
    word === language ? [text!] : [],
  )
}

/** Makes the files that programs of the guide find in their folder. */
export async function filesOfTheGuide(folder: string): Promise<void> {
  await writeFile(join(folder, 'boot.img'), demoFloppy())
  await writeFile(join(folder, 'installer.img'), installerFloppy())
  await writeFile(join(folder, 'kernel.elf'), testKernel('all tests passed\n', 16))
}

/** Files that a page links to. */
export function linksOf(page: string): readonly string[] {
  return [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]!)
}

/**
 * Runs a program as a page shows it, TypeScript's types aside.
 *
 * @param folder where it runs: inside the package, so that it finds it by name
 * @returns its status, and all that it has printed
 */
export async function runShown(
  program: string,
  folder: string,
  name: string,
): Promise<{ status: number; said: string }> {
  const path = join(folder, `${name}.mjs`)
  await writeFile(path, (await transform(program, { loader: 'ts', target: 'es2022' })).code)
  const child = spawn(process.execPath, [path], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  const [status] = (await once(child, 'close')) as [number]
  return { status, said }
}
