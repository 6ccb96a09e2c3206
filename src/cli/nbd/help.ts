/** What `vmon nbd --help` prints. */
export const nbdHelp = `Usage: vmon nbd [OPTIONS] FILE
  or:  vmon nbd -L [OPTIONS]
Lets NBD clients use a disk image.

  -h, --help                display this help and exit
  -V, --version             output version information and exit

Connection properties:
  -p, --port=PORT           port to listen on (default '10809')
  -b, --bind=IFACE          interface to bind to (default: this machine alone)
  -k, --socket=PATH         path to the unix socket
  -e, --shared=NUM          device can be shared by NUM clients (default '1', 0 for any number)
  -t, --persistent          don't exit on the last connection
  -v, --verbose             display extra debugging information

Exposing part of the image:
  -o, --offset=OFFSET       offset into the image
  -A, --allocation-depth    expose the allocation depth
  -B, --bitmap=NAME         expose a dirty bitmap of the image, or of one behind it;
                            may be given several times

General purpose options:
  -L, --list                list the exports of another NBD server
      --object type,id=ID,...
                            define an object: a secret, TLS credentials, who may come
      --tls-creds=ID        use id of an earlier --object to provide TLS
      --tls-hostname=NAME   with --list, the name that the server's certificate must have
      --tls-authz=ID        authorization check by id of an earlier --object
      --fork                fork off the server process and exit the parent once the server is running
      --pid-file=PATH       store the server's process ID in the given file
  -x, --export-name=NAME    expose export by name (default is empty string)
  -D, --description=TEXT    export a human-readable description

Block device options:
  -f, --format=FORMAT       set image format (raw, qcow2, ...)
  -r, --read-only           export read-only
  -s, --snapshot            let writes go to a temporary file that nobody keeps
  -l, --load-snapshot=SNAPSHOT_PARAM
                            load an internal snapshot inside FILE and export it as a read-only device;
                            SNAPSHOT_PARAM is 'snapshot.id=[ID],snapshot.name=[NAME]', or '[ID_OR_NAME]'
  -n, --nocache             disable host cache
      --cache=MODE          set cache mode used to access the disk image
                            (none, writeback (default), writethrough, directsync, unsafe)
      --aio=MODE            accepted: makes no difference
      --discard=MODE        set discard mode (ignore, unmap)
      --detect-zeroes=MODE  set detect-zeroes mode (off, on, unmap)
      --image-opts          treat FILE as a full set of image options
`
