// For tests: lets a process find nothing in /proc, where it may not be taken away.
const fs = require('node:fs')
const missing = (path) =>
  Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT', errno: -2, path })
for (const name of ['openSync', 'readFileSync', 'readlinkSync', 'readdirSync', 'statfsSync']) {
  const original = fs[name]
  fs[name] = (path, ...rest) => {
    if (String(path).startsWith('/proc/')) throw missing(path)
    return original(path, ...rest)
  }
}
for (const name of ['open', 'readFile', 'readlink', 'readdir', 'statfs']) {
  const original = fs[name]
  fs[name] = (path, ...rest) => {
    if (String(path).startsWith('/proc/')) rest.pop()(missing(path))
    else original(path, ...rest)
  }
}
process.memoryUsage.rss = () => {
  throw missing('/proc/self/stat')
}
require('node:module').syncBuiltinESMExports()
