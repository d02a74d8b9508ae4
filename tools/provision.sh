# What ./runtests and ./quickstart share: find what is missing on this machine, say it, install it.
# Sourced by bash from the top of the repository. Debian and Ubuntu; nothing is asked, nothing that is there
# is changed, and with everything in place no network is needed.

VENV=.venv

say() { printf '==> %s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '       %s\n' "$2" >&2
    exit 1
}

# as_root COMMAND...: directly as root, by sudo where that asks nothing, otherwise failure.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# has PROGRAM: also looks where the PATH of ordinary users does not.
has() { PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null; }

# A new-enough interpreter of the distribution, else any other.
find_python() {
    local candidate
    for candidate in /usr/bin/python3 python3.13 python3.12 python3.11 /usr/bin/python3.11 python3; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# A venv can be made: ensurepip is a package of its own on Debian.
python_can_make_venv() {
    local python
    python=$(find_python) && "$python" -c 'import ensurepip, venv' 2>/dev/null
}

# missing_packages: stdin has lines "program package why"; prints the lines whose program is not there.
missing_packages() {
    local program package why
    while read -r program package why; do
        case "$program" in
            "" | "#"*) continue ;;
            venv) python_can_make_venv && continue ;;
            certificates) [ -s /etc/ssl/certs/ca-certificates.crt ] && continue ;;
            oci-runtime) { has crun || has runc; } && continue ;;
            *) has "$program" && continue ;;
        esac
        printf '%s %s %s\n' "$program" "$package" "$why"
    done
}

# Packages that bring a service must not start it here: for the time of the installation every start is
# refused by policy-rc.d (invoke-rc.d(8)); one that is there already stays and decides.
apt_install() {
    local policy=/usr/sbin/policy-rc.d made="" status=0 units="" unit
    has dockerd || units="multi-user.target.wants/docker.service sockets.target.wants/docker.socket"
    has containerd || units="$units multi-user.target.wants/containerd.service"
    if ! as_root test -e "$policy"; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        made=1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" </dev/null >"$APT_LOG" 2>&1 || status=$?
    [ -z "$made" ] || as_root rm -f "$policy"
    # What the tests start, each time in a network namespace of its own, must not come up at boot either.
    # (These links are all that `systemctl disable` removes, and it is not on every machine.)
    for unit in $units; do
        as_root rm -f "/etc/systemd/system/$unit"
    done
    return "$status"
}

# install_missing REQUIRED|OPTIONAL: stdin as for missing_packages. Lines are tried together first, one by
# one when that fails, so that one unknown package does not cost the others.
install_missing() {
    local need=$1 lines program package why packages=()
    lines=$(missing_packages)
    [ -n "$lines" ] || return 0
    say "missing on this machine:"
    while read -r program package why; do
        printf '      %-16s for %s\n' "$package" "$why"
        case " ${packages[*]-} " in *" $package "*) ;; *) packages+=("$package") ;; esac
    done <<<"$lines"
    has apt-get || fail "apt-get is not here" "install by hand what the list above names, then run this again"
    if ! as_root true; then
        [ "$need" = OPTIONAL ] && { say "not root: going on without them"; return 0; }
        fail "root is needed to install them" "run: sudo apt-get install ${packages[*]}"
    fi
    APT_LOG=$(mktemp)
    say "apt-get install ${packages[*]}"
    if ! apt_install "${packages[@]}"; then
        as_root apt-get -o DPkg::Lock::Timeout=300 update >>"$APT_LOG" 2>&1 </dev/null || true
        apt_install "${packages[@]}" || for package in "${packages[@]}"; do
            apt_install "$package" || {
                tail -n 5 "$APT_LOG" >&2
                [ "$need" = OPTIONAL ] || fail "cannot install $package" "see the lines above"
                say "going on without $package"
            }
        done
    fi
    rm -f "$APT_LOG"
}

# make_venv EXTRA: the repository installed editable in .venv, with pinned dependencies, when anything that
# decides about them changed since the last time.
make_venv() {
    local extra=$1 python stamp target=.
    python=$(find_python) || fail "Python 3.11 or newer is needed" "on Ubuntu 22.04: apt-get install python3.11-venv"
    stamp=$(cat pyproject.toml tools/constraints.txt | sha256sum | cut -d' ' -f1)
    if [ -n "$extra" ]; then
        target=".[$extra]"
    fi
    if [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c '' 2>/dev/null &&
        grep -qsxF -e "$stamp $extra" -e "$stamp test" "$VENV/.installed"; then
        return 0
    fi
    if ! { [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c 'import pip' 2>/dev/null; }; then
        say "making $VENV with $python"
        "$python" -m venv --clear "$VENV"
    fi
    say "installing berth-engine${extra:+ and what its tests need} into $VENV (pinned versions)"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        -c tools/constraints.txt -e "$target" </dev/null ||
        fail "pip could not install the dependencies" "see the lines above; a package index must be in reach once"
    link_package
    printf '%s %s\n' "$stamp" "$extra" >"$VENV/.installed"
}

# The client starts without `site`, in half the time, where it finds the package in site-packages; an editable
# installation keeps it elsewhere.
link_package() {
    local packages
    packages=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    [ -e "$packages/berth" ] || ln -s "$PWD/berth" "$packages/berth"
    # The launcher begins as a shell script, which works anywhere. Here the interpreter is known: naming it
    # and its flags in the first line saves the shell's start (the kernel takes 255 bytes and no blanks).
    local line="#!$PWD/$VENV/bin/python3 -IS"
    case "$PWD" in *[[:space:]]*) return 0 ;; esac
    if [ "${#line}" -lt 250 ]; then
        sed -i "1s|.*|$line|" "$VENV/bin/berth"
    fi
}

# On a hybrid or v1 cgroup tree crun refuses to run when the kernel has the hugetlb controller and nobody
# has mounted it (systemd and Docker's own scripts do mount it).
prepare_cgroups() {
    local place=/sys/fs/cgroup/hugetlb
    [ "$(stat -fc %T /sys/fs/cgroup 2>/dev/null)" = tmpfs ] || return 0
    awk '$1 == "hugetlb" && $4 == 1 { found = 1 } END { exit !found }' /proc/cgroups || return 0
    mountpoint -q "$place" && return 0
    say "mounting the hugetlb cgroup controller: crun needs it on this kernel"
    { as_root mkdir -p "$place" && as_root mount -t cgroup -o hugetlb cgroup "$place"; } ||
        say "that failed; containers may not start"
}
