# Unpacks the files in the user data, in the format of components/shared/packed-files.ts, to a tar archive:
#   unpack.py TEXT ARCHIVE
import base64, ctypes, functools, io, os, re, sys, tarfile, time

source, target = sys.argv[1:]
os.umask(0o077)
while True:
    try:
        # curl needs this library too, so every image has it.
        brotli = ctypes.CDLL("libbrotlidec.so.1")
        break
    except OSError:
        os.system("apt-get update; apt-get install -y libbrotli1")
        time.sleep(5)
text = open(source, "rb").read()
packed = b""
for at in range(0, len(text), 11):
    digits = text[at:at + 11]
    packed += functools.reduce(lambda number, digit: number * 94 + digit - 33, digits, 0).to_bytes(len(digits) * 9 // 11, "big")
size = ctypes.c_size_t(1 << 20)
data = ctypes.create_string_buffer(size.value)
if brotli.BrotliDecoderDecompress(ctypes.c_size_t(len(packed)), packed, ctypes.byref(size), data) != 1:
    sys.exit("trellis: the user data is damaged")
texts, _, ders = data.raw[:size.value].partition(b"\0\0")
depth = 0


def line(coded):
    global depth
    if not coded:
        return coded
    if re.match(rb"[\x11-\x1f]", coded):
        depth += coded[0] - 24
        coded = coded[1:]
    return b"  " * depth + coded


def pem(mark):
    global ders
    label, length = mark[1], int(mark[2])
    body = re.sub(rb".{1,64}", rb"\g<0>\n", base64.b64encode(ders[:length]))
    ders = ders[length:]
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label, body, label)


with tarfile.open(target + ".new", "w:gz") as archive:
    for text in texts.split(b"\0"):
        head, *lines = text.split(b"\n")
        depth = 0
        content = re.sub(rb"\x01([A-Z ]+) (\d+)\n", pem, b"\n".join(map(line, lines)))
        path, mode, owner = head.decode().split(" ")
        entry = tarfile.TarInfo(path.strip("/"))
        entry.type = tarfile.DIRTYPE if path.endswith("/") else tarfile.REGTYPE
        entry.mode = int(mode, 8)
        entry.uname, entry.gname = (owner + ":" + owner).split(":")[:2]
        # A time before any cluster: K3s refuses a file that differs from its datastore and is newer.
        entry.mtime = 946684800
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
os.replace(target + ".new", target)
os.remove(source)
