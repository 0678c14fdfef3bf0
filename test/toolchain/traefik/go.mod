module trellis.local/traefik

go 1.26.0

// Its own go.mod replaces modules, which holds only where it is built itself: see build.sh.
require github.com/traefik/traefik/v3 v3.7.13
