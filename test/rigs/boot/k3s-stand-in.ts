import { K3S_AGENT_FLAGS, K3S_SERVER_FLAGS } from "../kubernetes/k3s-flags";

/**
 * A program that takes K3s' place, whose own cannot be had from a registry. It reads the configuration as K3s does,
 * refuses an option that K3s does not know, and tells systemd when it is ready. A server serves the authority of the API
 * at `/cacerts` and answers 401 to all else; an agent waits for that authority through the rendered `server` and compares
 * it with the digest in its token.
 *
 * What it does not do: no API, no scheduler, no controllers, no kubelet, no pods; it stores nothing in etcd, checks no
 * password of a token, applies no manifest, and sets up no network for pods.
 */
export function k3sStandIn(): string {
  return `#!/usr/bin/python3
import hashlib, http.server, json, os, socket, ssl, sys, threading, time, urllib.request
import yaml

KNOWN = {"server": ${JSON.stringify(K3S_SERVER_FLAGS)}, "agent": ${JSON.stringify(K3S_AGENT_FLAGS)}}
TLS = "/var/lib/rancher/k3s/server/tls/"

if sys.argv[1:2] == ["kubectl"]:
    print("True")
if len(sys.argv) < 2 or sys.argv[1] not in KNOWN:
    sys.exit(0)
role, arguments = sys.argv[1], sys.argv[2:]
with open("/etc/rancher/k3s/config.yaml") as file:
    config = yaml.safe_load(file)
given = list(config) + [each[2:].split("=")[0] for each in arguments if each.startswith("--")]
for flag in given:
    if flag not in KNOWN[role]:
        sys.exit("flag provided but not defined: -" + flag)
print("stand-in of k3s:", role, arguments, flush=True)


class Answer(http.server.BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self):
        body = authority if self.path == "/cacerts" else b""
        if self.path == "/readyz" and self.connection.getpeercert():
            body = b"ok"
        self.send_response(200 if body else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_OPTIONS = do_GET

    def log_message(self, *_):
        pass


if role == "server":
    with open(TLS + "server-ca.crt", "rb") as file:
        authority = file.read()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS + "server-ca.crt", TLS + "server-ca.key")
    context.load_verify_locations(TLS + "client-ca.crt")
    context.verify_mode = ssl.CERT_OPTIONAL
    server = http.server.ThreadingHTTPServer(("0.0.0.0", config["https-listen-port"]), Answer)
    server.handle_error = lambda *_: None
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
else:
    wanted = config["token"].split("::")[0].removeprefix("K10")
    said = None
    while True:
        try:
            unverified = ssl._create_unverified_context()
            with urllib.request.urlopen(config["server"] + "/cacerts", timeout=5, context=unverified) as answer:
                seen = hashlib.sha256(answer.read()).hexdigest()
            if seen != wanted:
                sys.exit("token CA hash does not match the Cluster CA certificate hash: " + wanted + " != " + seen)
            break
        except OSError as error:
            if str(error) != said:
                print("waiting for the API:", error, flush=True)
            said = str(error)
            time.sleep(1)

notify = os.environ["NOTIFY_SOCKET"]
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
    systemd.connect("\\0" + notify[1:] if notify[0] == "@" else notify)
    systemd.send(b"READY=1")
while True:
    time.sleep(3600)
`;
}
