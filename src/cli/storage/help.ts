/** What `vmon storage --help` prints. */
export const storageHelp = `Usage: vmon storage [OPTIONS]
Disk images without a machine: nodes, jobs and NBD exports, managed over QMP. Options take effect in their order.

  -h, --help                display this help and exit
  -V, --version             output version information and exit
  -T, --trace PATTERN       accepted: makes no difference

      --blockdev [driver=]DRIVER,node-name=NODE[,...]
                            open a node, as blockdev-add does
      --chardev [backend=]KIND,id=ID[,...]
                            make a character device
      --monitor [chardev=]ID[,mode=control][,pretty=on|off]
                            speak QMP on a character device
      --nbd-server addr.type=inet,addr.host=HOST,addr.port=PORT[,tls-creds=ID][,tls-authz=ID][,max-connections=N]
      --nbd-server addr.type=unix,addr.path=PATH[,...]
                            let NBD clients in
      --export [type=]nbd,id=ID,node-name=NODE[,name=NAME][,writable=on|off][,bitmaps.0=NAME][,...]
                            show a node to them
      --object KIND,id=ID[,...]
                            define an object: a secret, TLS credentials, who may come, a throttle group
      --daemonize           go to the background when everything has started
      --pidfile PATH        write the process ID to a file when everything has started
`
