/**
 * Bundles the command line into one file, and keeps what V8 makes of it: a program that loads two hundred modules one by
 * one takes four times as long to start. What is loaded on demand (the shell) is only evaluated then; dependencies
 * stay outside. `vmon img`, which scripts start again and again, has a bundle of its own, without what runs machines.
 * `bin/vmon.js` runs the bundles.
 *
 * Bundles the console page, too (web/), with the licences of what is inside.
 *
 * The program of a board's thread is a bundle, too: machines, and forks of them above all, start as fast as it does.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { BoardWitness } from '../src/board/board-witness.ts'
import { copyBoard, findFirmware, forgetCopy, pasteBoard } from '../src/board/index.ts'
import { createV86Board } from '../src/board/v86/host.ts'
import { silent } from '../src/log/index.ts'

const folder = 'dist/cli'
/** No module does anything when it is loaded but to say what it has: one of which nothing is used is left out. */
const unusedLeftOut: Plugin = {
  name: 'unused modules left out',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ resolveDir, path }) => ({
      path: resolve(resolveDir, path),
      sideEffects: false,
    }))
  },
}
const shared = {
  outdir: folder,
  bundle: true,
  platform: 'node',
  target: 'node20',
  packages: 'external',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  charset: 'ascii', // bin/run-bundle.js reads it so
  logLevel: 'warning',
  plugins: [unusedLeftOut],
} satisfies BuildOptions

rmSync(folder, { recursive: true, force: true })
await build({
  ...shared,
  entryPoints: {
    main: 'dist/src/cli/main.js',
    img: 'dist/src/cli/img/main.js',
    worker: 'dist/src/devices/worker.js',
  },
  format: 'iife',
  outExtension: { '.js': '.cjs' },
  // One function, which bin/run-bundle.js calls as Node calls a module.
  banner: {
    js: '(function (require, __filename, __dirname) { const importMetaUrl = require("node:url").pathToFileURL(__filename).href;',
  },
  footer: { js: '})' },
  define: { 'import.meta.url': 'importMetaUrl' },
  supported: { 'dynamic-import': false }, // a script has no loader behind it: what is loaded on demand is required
})
await bundlePage()
keepCompiledCode()
await keepThreadCode()

/** The page for browsers: what it needs is inside, but noVNC, which is served as it is installed. */
async function bundlePage(): Promise<void> {
  const outdir = 'dist/web'
  rmSync(outdir, { recursive: true, force: true })
  const { metafile } = await build({
    entryPoints: { main: 'web/main.tsx' },
    outdir,
    tsconfig: 'web/tsconfig.json',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  copyFileSync('web/index.html', `${outdir}/index.html`)
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []),
  )
  const licences = [...packages].map(
    (path) => `${path.replace(/^.*node_modules\//, '')}\n\n${readFileSync(`${path}/LICENSE`, 'utf8')}`,
  )
  writeFileSync(`${outdir}/LICENSES.txt`, licences.join('\n\n'))
}

/**
 * Starts a machine from one bundle and ends it, and uses images with the other: V8 then has compiled what a start needs,
 * and this is kept.
 */
function keepCompiledCode(): void {
  const scratch = mkdtempSync(join(tmpdir(), 'vmon-bundle-'))
  try {
    const monitors = ['-qmp', 'stdio', '-qmp', `unix:${join(scratch, 'qmp.sock')},server=on,wait=off`]
    const input = '{"execute": "qmp_capabilities"}{"execute": "query-status"}{"execute": "quit"}'
    runOnce('main', ['-S', '-display', 'none', ...monitors], input)
    const [raw, qcow2] = [join(scratch, 'raw'), join(scratch, 'qcow2')]
    writeFileSync(raw, new Uint8Array(65536).fill(1))
    const commands = [
      ['convert', '-O', 'qcow2', raw, qcow2],
      ['compare', raw, qcow2],
      ...['check', 'map', 'info'].map((word) => [word, qcow2]),
    ]
    for (const words of commands) runOnce('img', ['img', ...words])
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** Runs a board, and lets it begin anew as forks do. What V8 keeps of v86 is a form of it: its licence goes along. */
async function keepThreadCode(): Promise<void> {
  const firmware = findFirmware({ bios: undefined, folders: [] }, silent)
  const config = { ramBytes: 64 << 20, firmware, bootOrder: 'c', drives: [], serialPorts: 1, vga: true }
  const program = new URL('./keep-thread-code.js', import.meta.url)
  const board = createV86Board(config, new BoardWitness(), program)
  try {
    await board.resume()
    while (!(await board.screen.text())?.lines.some((line) => line.includes('No bootable device')));
    await board.pause()
    const copy = await copyBoard(board)
    await pasteBoard(board, copy)
    await forgetCopy(copy)
    await board.fail('exit').catch(() => undefined) // which is when it is kept
  } finally {
    await board.close()
  }
  copyFileSync('node_modules/v86/LICENSE', `${folder}/LICENSE.v86`)
}

function runOnce(bundle: string, words: readonly string[], input = ''): void {
  const argv = ['dist/tools/keep-compiled-code.js', `${folder}/${bundle}.cjs`, ...words]
  const { status, stderr } = spawnSync(process.execPath, argv, { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the bundle '${bundle}' does not start: ${stderr}`)
}
