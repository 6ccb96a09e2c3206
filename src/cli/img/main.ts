import { runImg } from './img.ts'

/** The program `vmon img`, without what runs machines. */
void runImg(process.argv.slice(3)).then((status) => {
  process.exitCode = status
})
