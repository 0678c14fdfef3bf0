#!/usr/bin/python3
# Serves the log of the first boot on the port of the Kubernetes API until HAProxy takes that port:
#   report-first-boot ADDRESS AUTHORITY CLIENTS
# ADDRESS is this server's public address. AUTHORITY (without .crt and .key) signs the certificate of this answer, and a
# client needs a certificate of CLIENTS, as for the API itself.
import grp, http.server, os, ssl, subprocess, sys, tempfile

address, authority, clients = sys.argv[1:]
LOG = "journalctl --unit=trellis-first-boot --output=cat --lines=40 --no-pager".split()


class Answer(http.server.BaseHTTPRequestHandler):
    timeout = 5

    def do_GET(self):
        log = subprocess.run(LOG, capture_output=True).stdout
        self.send_response(503)
        self.send_header("Trellis-Report", "first-boot")
        self.send_header("Content-Length", str(len(log)))
        self.end_headers()
        self.wfile.write(log)

    def log_message(self, *_):
        pass


try:
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 6443), Answer)
except OSError:
    sys.exit(0)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
with tempfile.TemporaryDirectory() as folder:
    pair = [folder + "/crt", folder + "/key"]
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=first-boot"
    ends = ["-CA", authority + ".crt", "-CAkey", authority + ".key", "-addext", "subjectAltName=IP:" + address]
    ends += ["-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run(make.split() + ends + ["-out", pair[0], "-keyout", pair[1]], check=True, capture_output=True)
    context.load_cert_chain(*pair)
context.load_verify_locations(clients)
context.verify_mode = ssl.CERT_REQUIRED
# From here on the process can read the journal, but no file of root.
os.setgroups([grp.getgrnam("systemd-journal").gr_gid])
os.setgid(65534)
os.setuid(65534)
server.handle_error = lambda *_: None
# The handshake happens in the thread of its connection, so that no client holds up the others.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
