/** Where the console listens unless told otherwise. */
export const LISTEN_DEFAULT = "127.0.0.1:2381";
export const ENDPOINTS_DEFAULT = "127.0.0.1:2379";
/** The password for logging in, where no file has it. */
export const PASSWORD_VARIABLE = "QUORATE_CONSOLE_PASSWORD";

export const HELP_TEXT: string = `quorate-console [flags]: serves the web console and forwards its calls to clusters

Clusters
  --endpoints=LIST         comma-separated endpoints of one cluster (default ${ENDPOINTS_DEFAULT})
  --cacert=FILE            certificate authority of its members; implies TLS
  --cert=FILE --key=FILE   certificate of this client
  --server-name=NAME       name that the members' certificates must carry, where it is not in the endpoints
  --user=NAME              user of the cluster on whose behalf all calls are made
  --password-file=FILE     that user's password
  --cluster=KEY=VALUE,...  one of several clusters, may be repeated; keys: name, endpoints, cacert, cert, key, server-name,
                           user, password-file. Example: --cluster=name=prod,endpoints=10.0.0.1:2379,10.0.0.2:2379,user=ops,password-file=pw
  --config-file=FILE       all of this as JSON; flags win

Listening
  --listen=HOST:PORT       default ${LISTEN_DEFAULT}; beyond loopback a login is required
  --free-port              take another port when that one is taken
  --tls-cert=FILE --tls-key=FILE   serve over TLS
  --allowed-hosts=LIST     host names by which browsers may address the console, besides IP addresses, localhost and the one in
                           --listen; * for any

Login
  --login-user=NAME                 default admin
  --login-password-file=FILE        the password, or what --hash-password made of it; else the variable ${PASSWORD_VARIABLE}
  --hash-password                   reads a password from standard input, prints its hash, and ends

Other
  --read-only              refuse every call that changes something
  --ui=FOLDER              serve another build of the screens
  --exit-with-stdin        end when standard input does
  --version, --help
`;
