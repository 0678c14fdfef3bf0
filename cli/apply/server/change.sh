# Changes a server to what is staged in /var/lib/trellis/apply, or puts back what was there before. It runs as a unit of
# systemd, so that it ends the same way if the operator's connection breaks.
#   files.tar.gz   all files of the server, as its first boot would have them
#   write, remove  the paths of it to write; those of the former first boot to remove
#   fetch.sh       fetches the changed programs to new/
#   effects.sh     what reads the changed files, in order
#   former/, absent, kept   made here: what was there before, and the mark that it is complete
set -euo pipefail
umask 077
stage=/var/lib/trellis/apply
report=/run/trellis-apply
export PATIENCE_SECONDS=${PATIENCE_SECONDS:-300}

log() { echo "$*"; }

main() { # change | restore
  local reason=
  if [ "$1" = change ]; then
    if change; then
      mv "$stage/files.tar.gz" /var/lib/trellis/files.tar.gz
      finish changed
      return
    fi
    reason=$(tail -n 20 "$report/log")
    log "putting the former files back"
  fi
  if restore; then finish restored "$reason"; else finish broken "$reason"; fi
}

finish() { # outcome, reason
  rm -rf "$stage.done"
  [ "$1" = broken ] || { mv "$stage" "$stage.done"; rm -rf "$stage.done"; }
  printf '%s\n%s\n' "$1" "${2:-}" >"$report/outcome.new"
  mv "$report/outcome.new" "$report/outcome"
}

# Each step by itself: set -e does not hold in a condition.
change() { fetch && keep && swap && effects; }

fetch() { (cd "$stage" && bash -eu fetch.sh); }

# Copies what is there now, once: a second attempt must not take the first one's files for the former ones.
keep() {
  local path
  [ ! -e "$stage/kept" ] || return 0
  rm -rf "$stage/former" "$stage/absent"
  mkdir "$stage/former" && : >"$stage/absent" || return 1
  while read -r path; do
    if [ -e "/$path" ] || [ -L "/$path" ]; then
      mkdir -p "$stage/former/${path%/*}" && copy_of "$path" || return 1
    else
      echo "$path" >>"$stage/absent"
    fi
  done < <(cat "$stage/write" "$stage/remove" "$stage/programs")
  sync -f "$stage" && touch "$stage/kept" && sync -f "$stage"
}

# A directory without what is in it.
copy_of() {
  if [ -d "/$1" ]; then
    mkdir -p "$stage/former/$1" && chmod --reference="/$1" "$stage/former/$1" && chown --reference="/$1" "$stage/former/$1"
  else
    cp --archive --no-target-directory "/$1" "$stage/former/$1"
  fi
}

swap() {
  local path
  mkdir -p "$stage/new" &&
    tar --extract --gzip --file "$stage/files.tar.gz" --directory "$stage/new" --no-recursion --files-from "$stage/write" || return 1
  while read -r path; do
    put "$stage/new" "$path" || return 1
  done < <(cat "$stage/write" "$stage/programs")
  while read -r path; do
    gone "$path" || return 1
  done < <(sort --reverse "$stage/remove")
  systemctl daemon-reload
}

put() { # from, path: the file is the former or the new one at every moment
  if [ -d "$1/$2" ]; then
    (umask 022 && mkdir -p "/$2") && chmod --reference="$1/$2" "/$2" && chown --reference="$1/$2" "/$2"
  else
    (umask 022 && mkdir -p "/${2%/*}") && cp --archive --no-target-directory "$1/$2" "/$2.trellis-new" && mv -fT "/$2.trellis-new" "/$2"
  fi
}

gone() {
  case $1 in
    etc/systemd/system/*/*) ;;
    etc/systemd/system/*) systemctl disable --quiet --now "${1##*/}" 2>/dev/null || : ;;
  esac
  if [ -d "/$1" ]; then rmdir --ignore-fail-on-non-empty "/$1"; else rm -f "/$1"; fi
}

effects() { bash -eu "$stage/effects.sh"; }

restore() {
  local path
  # Nothing is changed before everything is kept, and the archive leaves this folder when all is done.
  [ -e "$stage/kept" ] && [ -e "$stage/files.tar.gz" ] || return 0
  while read -r path; do
    if grep -qxF "$path" "$stage/absent"; then gone "$path"; else put "$stage/former" "$path"; fi || return 1
  done < <(cat "$stage/write" "$stage/remove" "$stage/programs" | sort --reverse)
  systemctl daemon-reload && effects
}

mkdir -p "$report"
rm -f "$report/outcome"
main "$@" >"$report/log" 2>&1
